#include "tl/decode.h"

#include "base/text.h"
#include "tl/mtproto.h"
#include "tl/reader.h"
#include "tl/slots.h"

namespace helio::tl {
namespace {

struct Limits {
  Family family;
  bool check_utf8;
};

class Decoder {
 public:
  Decoder(View bytes, Limits limits) : in_(bytes), limits_(limits) {}

  std::size_t left() const { return in_.left(); }

  // One object, its id first, of any class that `fits`. Null: refused.
  template <class Fits>
  Object* object(Fits&& fits) {
    const std::uint32_t id = in_.u32();
    const Variant* form = in_.ok() ? find_variant(id) : nullptr;
    if (!form || !fits(*form->of)) return nullptr;
    return body(*form);
  }

 private:
  Object* body(const Variant& form) {
    // Depth and number are checked before the object is made: a million nested ones cost nothing.
    if (depth_ >= kDepthMax || ++objects_ > kObjectsMax) return nullptr;
    ++depth_;
    BoxBase made;
    made.set(form.of->create());
    const bool good = fields(form, made.object());
    --depth_;
    if (!good) return nullptr;
    if (form.old_forms) form.of->upgrade(*made.object());
    return made.release();
  }

  bool fields(const Variant& form, Object* object) {
    std::uint32_t flags[8] = {};
    for (const Field *field = form.fields, *end = field + form.field_count; field != end; ++field) {
      if (field->flag != kAlways) {
        if (static_cast<Kind>(field->kind & kKindMask) == Kind::kFlags) {
          flags[field->flag] = in_.u32();
          if (flags[field->flag] & ~field->aux) return false;  // A bit that this form does not know.
          continue;
        }
        if (!(flags[field->flag >> 5] >> (field->flag & 31) & 1)) continue;
      }
      if (!value(*field, object)) return false;
    }
    return in_.ok();
  }

  // Puts a value into its slot, which may be an optional.
  template <class T>
  bool put(const Field& field, Object* object, T value) {
    if (field.kind & kOptional) {
      slot<std::optional<T>>(object, field.offset).emplace(std::move(value));
    } else {
      slot<T>(object, field.offset) = std::move(value);
    }
    return in_.ok();
  }

  bool value(const Field& field, Object* object) {
    switch (static_cast<Kind>(field.kind & kKindMask)) {
      case Kind::kFlags: return false;
      case Kind::kTrue: return put(field, object, true);
      case Kind::kBool: return put(field, object, in_.boolean());
      case Kind::kInt: return put(field, object, in_.i32());
      case Kind::kLong: return put(field, object, in_.i64());
      case Kind::kIntAsLong: return put(field, object, std::int64_t{in_.i32()});
      case Kind::kDouble: return put(field, object, in_.f64());
      case Kind::kInt128: return put(field, object, in_.array<16>());
      case Kind::kInt256: return put(field, object, in_.array<32>());
      case Kind::kString:
      case Kind::kBytes: {
        const View bytes = in_.string();
        if (static_cast<Kind>(field.kind & kKindMask) == Kind::kString && !text(bytes)) return false;
        if (field.kind & kOptional) {
          slot<std::optional<std::string>>(object, field.offset).emplace(bytes);
        } else {
          slot<std::string>(object, field.offset).assign(bytes);
        }
        return in_.ok();
      }
      case Kind::kObject:
      case Kind::kBare:
      case Kind::kQuery:
        return box(static_cast<Kind>(field.kind & kKindMask), field.aux, slot<BoxBase>(object, field.offset));
      case Kind::kVector: return vector(kVectors[field.aux], reinterpret_cast<char*>(object) + field.offset);
    }
    return false;
  }

  bool text(View bytes) const { return !limits_.check_utf8 || is_utf8(bytes); }

  bool box(Kind kind, std::uint32_t aux, BoxBase& to) {
    Object* made = nullptr;
    if (kind == Kind::kObject) {
      made = object([&](const Class& of) { return of.type == aux; });
    } else if (kind == Kind::kQuery) {
      if (++wrappers_ > kWrappersMax) return false;
      made = object([&](const Class& of) { return of.type == kMethod && of.family == limits_.family; });
    } else {
      made = body(kBareClasses[aux]->variants.front());
    }
    to.set(made);
    return made != nullptr;
  }

  template <class T, class Read>
  bool items(void* to, std::size_t count, Read&& read) {
    for (std::size_t i = 0; i < count; ++i) static_cast<T*>(to)[i] = read();
    return in_.ok();
  }

  bool vector(const Vector& vector, void* slot) {
    if (!vector.bare && in_.u32() != kVectorId) return false;
    const std::size_t count = in_.u32();
    // Before anything is reserved.
    if (count > in_.left() / vector.item_min) return false;
    if (is_box(vector.item) && count > static_cast<std::size_t>(kObjectsMax - objects_)) return false;
    void* to = vector.ops->make(slot, count);
    switch (vector.item) {
      case Kind::kBool: return items<bool>(to, count, [&] { return in_.boolean(); });
      case Kind::kInt: return items<std::int32_t>(to, count, [&] { return in_.i32(); });
      case Kind::kLong: return items<std::int64_t>(to, count, [&] { return in_.i64(); });
      case Kind::kIntAsLong: return items<std::int64_t>(to, count, [&] { return std::int64_t{in_.i32()}; });
      case Kind::kDouble: return items<double>(to, count, [&] { return in_.f64(); });
      case Kind::kInt128: return items<std::array<char, 16>>(to, count, [&] { return in_.array<16>(); });
      case Kind::kInt256: return items<std::array<char, 32>>(to, count, [&] { return in_.array<32>(); });
      case Kind::kString:
      case Kind::kBytes:
        for (std::size_t i = 0; i < count; ++i) {
          const View bytes = in_.string();
          if (vector.item == Kind::kString && !text(bytes)) return false;
          static_cast<std::string*>(to)[i].assign(bytes);
        }
        return in_.ok();
      case Kind::kObject:
      case Kind::kBare:
      case Kind::kQuery:
        for (std::size_t i = 0; i < count; ++i) {
          if (!box(vector.item, vector.aux, static_cast<BoxBase*>(to)[i])) return false;
        }
        return true;
      case Kind::kVector:
        if (depth_ >= kDepthMax) return false;
        for (std::size_t i = 0; i < count; ++i) {
          if (!this->vector(kVectors[vector.aux], static_cast<char*>(to) + i * vector.ops->stride)) return false;
        }
        return true;
      case Kind::kFlags:
      case Kind::kTrue: return false;
    }
    return false;
  }

  Reader in_;
  Limits limits_;
  int depth_ = 0;
  int objects_ = 0;
  int wrappers_ = 0;
};

Result<Box<Object>> whole(Decoder& decoder, Object* object) {
  Box<Object> box;
  box.set(object);
  if (!box || decoder.left() != 0) return fail(error::INPUT_FETCH_ERROR);
  return box;
}

}  // namespace

Result<Box<Object>> decode_method(View bytes) {
  if (bytes.size() < 4) return fail(error::INPUT_FETCH_ERROR);
  const Variant* form = find_variant(load_le<std::uint32_t>(bytes.data()));
  if (!form || form->of->type != kMethod || form->of->family != Family::kApi) return fail(error::INPUT_METHOD_INVALID);
  Decoder decoder(bytes, {Family::kApi, true});
  return whole(decoder, decoder.object([](const Class&) { return true; }));
}

Result<Box<Object>> decode_object(View bytes) {
  Decoder decoder(bytes, {Family::kApi, true});
  return whole(decoder,
               decoder.object([](const Class& of) { return of.type != kMethod && of.family == Family::kApi; }));
}

Result<Box<Object>> decode_record_object(View bytes) {
  // What is stored was checked when it came: a rule that grows stricter must not make old messages unreadable.
  Decoder decoder(bytes, {Family::kRecords, false});
  auto object = whole(decoder, decoder.object([](const Class& of) { return of.family == Family::kRecords; }));
  if (!object) return fail(error::RECORD_CORRUPT);
  return object;
}

Error detail::record_corrupt() {
  return error::RECORD_CORRUPT;
}

Result<Box<Object>> decode_mtproto(View bytes) {
  TRY(Prefix prefix, decode_mtproto_prefix(bytes));
  if (prefix.used != bytes.size()) return fail(error::INPUT_FETCH_ERROR);
  return std::move(prefix.object);
}

Result<Prefix> decode_mtproto_prefix(View bytes) {
  Decoder decoder(bytes, {Family::kMtproto, false});
  Prefix prefix;
  prefix.object.set(decoder.object([](const Class& of) { return of.family == Family::kMtproto; }));
  if (!prefix.object) return fail(error::INPUT_FETCH_ERROR);
  prefix.used = bytes.size() - decoder.left();
  return prefix;
}

bool is_mtproto(std::uint32_t id) {
  const Variant* form = find_variant(id);
  return form && form->of->family == Family::kMtproto;
}

}  // namespace helio::tl
