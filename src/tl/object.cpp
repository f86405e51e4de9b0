#include "tl/object.h"

#include "tl/slots.h"
#include "tl/table.h"

namespace helio::tl {

namespace {

Object* copy(const Object* object);

template <class T>
void copy_items(const void* from, void* to, std::size_t count) {
  for (std::size_t i = 0; i < count; ++i) static_cast<T*>(to)[i] = static_cast<const T*>(from)[i];
}

void copy_vector_data(const Vector& vector, const VectorData& from, void* to_slot) {
  if (!from.present) return;
  void* to = vector.ops->make(to_slot, from.size);
  switch (vector.item) {
    case Kind::kBool: copy_items<bool>(from.data, to, from.size); return;
    case Kind::kInt: copy_items<std::int32_t>(from.data, to, from.size); return;
    case Kind::kLong:
    case Kind::kIntAsLong: copy_items<std::int64_t>(from.data, to, from.size); return;
    case Kind::kDouble: copy_items<double>(from.data, to, from.size); return;
    case Kind::kInt128: copy_items<std::array<char, 16>>(from.data, to, from.size); return;
    case Kind::kInt256: copy_items<std::array<char, 32>>(from.data, to, from.size); return;
    case Kind::kString:
    case Kind::kBytes: copy_items<std::string>(from.data, to, from.size); return;
    case Kind::kVector: {
      const Vector& inner = kVectors[vector.aux];
      for (std::size_t i = 0; i < from.size; ++i) {
        const char* item = static_cast<const char*>(from.data) + i * vector.ops->stride;
        copy_vector_data(inner, inner.ops->view(item), static_cast<char*>(to) + i * vector.ops->stride);
      }
      return;
    }
    default: copy_items<BoxBase>(from.data, to, from.size);
  }
}

void copy_vector(const Member& member, const Object& from, Object& to) {
  const Vector& vector = kVectors[member.aux];
  copy_vector_data(vector, vector.ops->view(reinterpret_cast<const char*>(&from) + member.offset),
                   reinterpret_cast<char*>(&to) + member.offset);
}

template <class T>
bool equal_items(const VectorData& a, const VectorData& b) {
  return std::equal(static_cast<const T*>(a.data), static_cast<const T*>(a.data) + a.size,
                    static_cast<const T*>(b.data));
}

// What is written again from one is what is written from the other, also where it is no number.
bool same_bits(double a, double b) {
  return std::bit_cast<std::int64_t>(a) == std::bit_cast<std::int64_t>(b);
}

bool equal_boxes(const BoxBase& a, const BoxBase& b) {
  return !a || !b ? !a && !b : equal(*a.object(), *b.object());
}

bool equal_vectors(const Vector& vector, const VectorData& a, const VectorData& b) {
  if (a.present != b.present || a.size != b.size) return false;
  switch (vector.item) {
    case Kind::kBool: return equal_items<bool>(a, b);
    case Kind::kInt: return equal_items<std::int32_t>(a, b);
    case Kind::kLong:
    case Kind::kIntAsLong: return equal_items<std::int64_t>(a, b);
    case Kind::kDouble: return std::memcmp(a.data, b.data, a.size * sizeof(double)) == 0;
    case Kind::kInt128: return equal_items<std::array<char, 16>>(a, b);
    case Kind::kInt256: return equal_items<std::array<char, 32>>(a, b);
    case Kind::kString:
    case Kind::kBytes: return equal_items<std::string>(a, b);
    case Kind::kVector:
      for (std::size_t i = 0; i < a.size; ++i) {
        const Vector& inner = kVectors[vector.aux];
        const std::size_t at = i * vector.ops->stride;
        if (!equal_vectors(inner, inner.ops->view(static_cast<const char*>(a.data) + at),
                           inner.ops->view(static_cast<const char*>(b.data) + at))) {
          return false;
        }
      }
      return true;
    default:
      for (std::size_t i = 0; i < a.size; ++i) {
        if (!equal_boxes(static_cast<const BoxBase*>(a.data)[i], static_cast<const BoxBase*>(b.data)[i])) return false;
      }
      return true;
  }
}

}  // namespace

Object::~Object() = default;

std::uint32_t Object::id() const noexcept {
  return tl_class().id;
}

std::string_view name_of(const Object& object) noexcept {
  return object.tl_class().name;
}

Box<Object> Object::clone() const {
  Box<Object> box;
  box.set(copy(this));
  return box;
}

BoxBase::BoxBase(const BoxBase& other) : object_(copy(other.object_)) {}

BoxBase& BoxBase::operator=(const BoxBase& other) {
  if (this != &other) set(copy(other.object_));
  return *this;
}

namespace {
Object* copy(const Object* from) {
  if (!from) return nullptr;
  const Class& of = from->tl_class();
  Object* to = of.create();
  for (const Member& member : of.members) {
    if (static_cast<Kind>(member.kind & kKindMask) == Kind::kVector) {
      copy_vector(member, *from, *to);
    } else {
      with_slot(member.kind,
                [&]<class T>(std::type_identity<T>) { slot<T>(to, member.offset) = slot<T>(from, member.offset); });
    }
  }
  return to;
}
}  // namespace

bool equal(const Object& a, const Object& b) {
  const Class& of = a.tl_class();
  if (&of != &b.tl_class()) return false;
  for (const Member& member : of.members) {
    bool same = true;
    if (static_cast<Kind>(member.kind & kKindMask) == Kind::kVector) {
      const Vector& vector = kVectors[member.aux];
      same = equal_vectors(vector, vector.ops->view(reinterpret_cast<const char*>(&a) + member.offset),
                           vector.ops->view(reinterpret_cast<const char*>(&b) + member.offset));
    } else {
      with_slot(member.kind, [&]<class T>(std::type_identity<T>) {
        if constexpr (std::same_as<T, BoxBase>) {
          same = equal_boxes(slot<T>(&a, member.offset), slot<T>(&b, member.offset));
        } else if constexpr (std::same_as<T, double>) {
          same = same_bits(slot<T>(&a, member.offset), slot<T>(&b, member.offset));
        } else if constexpr (std::same_as<T, std::optional<double>>) {
          const auto& x = slot<T>(&a, member.offset);
          const auto& y = slot<T>(&b, member.offset);
          same = x && y ? same_bits(*x, *y) : x.has_value() == y.has_value();
        } else {
          same = slot<T>(&a, member.offset) == slot<T>(&b, member.offset);
        }
      });
    }
    if (!same) return false;
  }
  return true;
}

}  // namespace helio::tl
