#include "tl/walk.h"

#include "tl/slots.h"
#include "tl/table.h"

namespace helio::tl::detail {
namespace {

void walk_items(const Vector& vector, const VectorData& data, VisitObject visit, void* visitor) {
  const auto at = [&](std::size_t i) { return static_cast<const char*>(data.data) + i * vector.ops->stride; };
  if (is_box(vector.item)) {
    for (std::size_t i = 0; i < data.size; ++i) {
      if (const auto& box = slot<BoxBase>(at(i), 0)) walk(*box.object(), visit, visitor);
    }
  } else if (vector.item == Kind::kVector) {
    const Vector& inner = kVectors[vector.aux];
    for (std::size_t i = 0; i < data.size; ++i) walk_items(inner, inner.ops->view(at(i)), visit, visitor);
  }
}

const char* place(const Object& object, const Member& member) {
  return reinterpret_cast<const char*>(&object) + member.offset;
}

}  // namespace

void walk(const Object& object, VisitObject visit, void* visitor) {
  visit(visitor, object);
  for (const Member& member : object.tl_class().members) {
    switch (static_cast<Kind>(member.kind & kKindMask)) {
      case Kind::kObject:
      case Kind::kBare:
      case Kind::kQuery:
        if (const auto& box = slot<BoxBase>(&object, member.offset)) walk(*box.object(), visit, visitor);
        break;
      case Kind::kVector: {
        const Vector& vector = kVectors[member.aux];
        walk_items(vector, vector.ops->view(place(object, member)), visit, visitor);
        break;
      }
      default: break;
    }
  }
}

void numbers(const Object& object, VisitNumber visit, void* visitor) {
  for (const Member& member : object.tl_class().members) {
    if (member.kind & kOldForm) continue;
    const auto kind = static_cast<Kind>(member.kind & kKindMask);
    if (kind == Kind::kVector) {
      const Vector& vector = kVectors[member.aux];
      const VectorData data = vector.ops->view(place(object, member));
      for (std::size_t i = 0; i < data.size; ++i) {
        if (vector.item == Kind::kInt) visit(visitor, member.name, static_cast<const std::int32_t*>(data.data)[i]);
        if (vector.item == Kind::kLong) visit(visitor, member.name, static_cast<const std::int64_t*>(data.data)[i]);
      }
    } else if (kind == Kind::kInt || kind == Kind::kLong) {
      with_slot(member.kind, [&]<class T>(std::type_identity<T>) {
        const T& value = slot<T>(&object, member.offset);
        if constexpr (std::is_integral_v<T>) {
          visit(visitor, member.name, static_cast<std::int64_t>(value));
        } else if constexpr (requires { static_cast<std::int64_t>(*value); }) {
          if (value) visit(visitor, member.name, static_cast<std::int64_t>(*value));
        }
      });
    }
  }
}

}  // namespace helio::tl::detail
