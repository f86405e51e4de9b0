#include "tl/encode.h"

#include <limits>

#include "tl/downgrade.h"
#include "tl/errors.h"
#include "tl/mtproto.h"
#include "tl/slots.h"
#include "tl/table.h"

namespace helio::tl {
namespace {

// Which forms are written: those of a layer, or one of these.
constexpr int kStoredForms = -1, kOnlyForms = -2;
constexpr int kStandInsMax = 16;  // Styles in styles that the layer lacks, one peeled off at a time.

enum class Outcome {
  kDone,
  kNoForm,  // The layer lacks something: what is around may go on without.
  kBroken,  // A bug of ours: a required box is null, a number does not fit.
};

// Where, from the start of its slot, the byte is that says whether an optional value is there: std::optional keeps it
// behind the value (tl/roundtrip_test.cpp). A flag is that byte itself. So one load answers for every kind but a box.
constexpr std::uint8_t kPresentAt[] = {
    0,                          // kFlags
    0,                          // kTrue
    sizeof(bool),               // kBool
    sizeof(std::int32_t),       // kInt
    sizeof(std::int64_t),       // kLong
    sizeof(std::int64_t),       // kIntAsLong
    sizeof(double),             // kDouble
    16,                         // kInt128
    32,                         // kInt256
    sizeof(std::string),        // kString
    sizeof(std::string),        // kBytes
    0,                          // kObject
    0,                          // kBare
    0,                          // kQuery
    sizeof(std::vector<char>),  // kVector
};
static_assert(sizeof(std::optional<std::string>) == sizeof(std::string) + 8);
static_assert(sizeof(std::optional<std::vector<char>>) == sizeof(std::vector<char>) + 8);

class Encoder {
 public:
  Encoder(Bytes& out, int layer) : out_(out), layer_(layer) {}

  std::string_view culprit() const { return culprit_; }

  Outcome object(const Object& object) {
    const Class& of = object.tl_class();
    const Variant* form = form_of(of);
    if (!form) return no_form(of.name);
    out_.u32(form->id);
    return body(*form, object);
  }

  // One vector of boxes, from which the layer's fallbacks may drop some.
  Outcome boxes(const BoxBase* boxes, std::size_t count, bool bare) {
    if (!bare) out_.u32(kVectorId);
    const std::size_t count_at = out_.size();
    auto written = static_cast<std::uint32_t>(count);
    out_.u32(written);
    for (std::size_t i = 0; i < count; ++i) {
      if (!boxes[i]) return broken("vector");
      const Outcome outcome = replaceable(*boxes[i].object());
      if (outcome == Outcome::kDone) continue;
      if (outcome == Outcome::kBroken || !droppable(*boxes[i].object())) return outcome;
      --written;
    }
    if (written != count) out_.patch(count_at, written);
    return Outcome::kDone;
  }

  // The object, or what stands in for it in this layer.
  Outcome replaceable(const Object& object) {
    const std::size_t start = out_.size();
    const Outcome outcome = this->object(object);
    if (outcome != Outcome::kNoForm || layer_ < 0) return outcome;
    const std::string_view culprit = culprit_;
    Box<Object> other = stand_in(object);
    for (int tries = 0; other && tries < kStandInsMax; ++tries) {
      out_.rewind(start);
      const Outcome again = this->object(*other);
      if (again != Outcome::kNoForm) return again;
      other = stand_in(*other);
    }
    out_.rewind(start);
    culprit_ = culprit;
    return Outcome::kNoForm;
  }

 private:
  static bool droppable(const Object& object) {
    const std::uint16_t type = object.tl_class().type;
    return type != kMethod && kTypes[type].fallback == Fallback::kDrop;
  }

  const Variant* form_of(const Class& of) const {
    if (layer_ >= 0) {
      for (const Variant& form : of.variants) {
        if (form.first_layer <= layer_ && layer_ <= form.last_layer) return &form;
      }
      return nullptr;
    }
    if (layer_ == kStoredForms) {
      for (const Variant& form : of.variants) {
        if (form.stored) return &form;
      }
      if (of.family != Family::kRecords) return nullptr;
    }
    return &of.variants.front();
  }

  Outcome body(const Variant& form, const Object& object) {
    BoxBase made;
    const Object* old = &object;
    if (form.old_forms && form.of->downgrade(object, nullptr)) {
      made.set(form.of->create());
      form.of->downgrade(object, made.object());
      old = made.object();
    }
    if (form.flags_words == 0) return fields(form, object, *old, nullptr, nullptr);
    std::uint32_t without[8] = {};  // Bits of fields that have no form in this layer.
    const std::size_t start = out_.size();
    for (;;) {
      std::uint32_t flags[8] = {};
      for (const Field *field = form.fields, *end = field + form.field_count; field != end; ++field) {
        // Most fields of most objects are plain flags, so they have a short way of their own.
        if (field->kind == std::uint8_t(Kind::kTrue)) {
          flags[field->flag >> 5] |= std::uint32_t{slot<bool>(&object, field->offset)} << (field->flag & 31);
          continue;
        }
        if (field->flag == kAlways || static_cast<Kind>(field->kind & kKindMask) == Kind::kFlags) continue;
        // Fields that share a bit come and go together: where one is set, the others write their defaults.
        const bool is_present = present(*field, field->kind & kOldForm ? *old : object);
        flags[field->flag >> 5] |= std::uint32_t{is_present} << (field->flag & 31);
      }
      for (int word = 0; word < form.flags_words; ++word) flags[word] &= ~without[word];
      const Field* failed = nullptr;
      const Outcome outcome = fields(form, object, *old, flags, &failed);
      if (outcome != Outcome::kNoForm || failed->flag == kAlways) return outcome;
      without[failed->flag >> 5] |= 1U << (failed->flag & 31);
      out_.rewind(start);
    }
  }

  Outcome fields(const Variant& form, const Object& object, const Object& old, const std::uint32_t* flags,
                 const Field** failed) {
    for (const Field *field = form.fields, *end = field + form.value_count; field != end; ++field) {
      if (field->flag != kAlways) {
        if (static_cast<Kind>(field->kind & kKindMask) == Kind::kFlags) {
          out_.u32(flags[field->flag]);
          continue;
        }
        if (!(flags[field->flag >> 5] >> (field->flag & 31) & 1)) continue;
      }
      const Outcome outcome = value(*field, field->kind & kOldForm ? old : object);
      if (outcome != Outcome::kDone) {
        if (failed) *failed = field;
        return outcome;
      }
    }
    return Outcome::kDone;
  }

  static bool present(const Field& field, const Object& object) {
    const auto kind = static_cast<Kind>(field.kind & kKindMask);
    if (is_box(kind)) return static_cast<bool>(slot<BoxBase>(&object, field.offset));
    if (kind == Kind::kTrue && field.kind & kOptional) {
      return slot<std::optional<bool>>(&object, field.offset).value_or(false);
    }
    return slot<char>(&object, field.offset + kPresentAt[field.kind & kKindMask]) != 0;
  }

  // An optional that is absent where this form requires it, or beside one that is present: the type's default.
  template <class T>
  static T get(const Field& field, const Object& object) {
    if (!(field.kind & kOptional)) return slot<T>(&object, field.offset);
    return slot<std::optional<T>>(&object, field.offset).value_or(T{});
  }

  static View string(const Field& field, const Object& object) {
    if (!(field.kind & kOptional)) return slot<std::string>(&object, field.offset);
    const auto& value = slot<std::optional<std::string>>(&object, field.offset);
    return value ? View(*value) : View();
  }

  Outcome value(const Field& field, const Object& object) {
    switch (static_cast<Kind>(field.kind & kKindMask)) {
      case Kind::kFlags:
      case Kind::kTrue: return Outcome::kDone;
      case Kind::kBool: return out_.boolean(get<bool>(field, object)), Outcome::kDone;
      case Kind::kInt: return out_.i32(get<std::int32_t>(field, object)), Outcome::kDone;
      case Kind::kLong: return out_.i64(get<std::int64_t>(field, object)), Outcome::kDone;
      case Kind::kIntAsLong: return narrow(get<std::int64_t>(field, object), object);
      case Kind::kDouble: return out_.f64(get<double>(field, object)), Outcome::kDone;
      case Kind::kInt128: return raw(get<std::array<char, 16>>(field, object));
      case Kind::kInt256: return raw(get<std::array<char, 32>>(field, object));
      case Kind::kString:
      case Kind::kBytes: return out_.string(string(field, object)), Outcome::kDone;
      case Kind::kObject:
      case Kind::kBare:
      case Kind::kQuery: return box(field, object);
      case Kind::kVector: {
        const Vector& vector = kVectors[field.aux];
        return this->vector(vector, vector.ops->view(reinterpret_cast<const char*>(&object) + field.offset), object);
      }
    }
    return Outcome::kDone;
  }

  template <std::size_t size>
  Outcome raw(const std::array<char, size>& value) {
    return out_.raw(View(value.data(), size)), Outcome::kDone;
  }

  Outcome narrow(std::int64_t value, const Object& object) {
    if (value != static_cast<std::int32_t>(value)) return broken(object.tl_class().name);
    return out_.i32(static_cast<std::int32_t>(value)), Outcome::kDone;
  }

  Outcome box(const Field& field, const Object& object) {
    const auto& box = slot<BoxBase>(&object, field.offset);
    const auto kind = static_cast<Kind>(field.kind & kKindMask);
    if (!box) {
      // May be null in newer forms, is required in this one.
      const Class* empty = kind == Kind::kObject && field.kind & kOptional ? kTypes[field.aux].empty : nullptr;
      const Variant* form = empty ? form_of(*empty) : nullptr;
      if (!form) return field.kind & kOptional ? no_form(object.tl_class().name) : broken(object.tl_class().name);
      return out_.u32(form->id), Outcome::kDone;
    }
    if (kind == Kind::kBare) return body(kBareClasses[field.aux]->variants.front(), *box.object());
    return replaceable(*box.object());
  }

  template <class T, class Write>
  Outcome items(const VectorData& data, Write&& write) {
    for (std::size_t i = 0; i < data.size; ++i) write(static_cast<const T*>(data.data)[i]);
    return Outcome::kDone;
  }

  Outcome vector(const Vector& vector, const VectorData& data, const Object& object) {
    if (vector.item == Kind::kObject || vector.item == Kind::kQuery) {
      return boxes(static_cast<const BoxBase*>(data.data), data.size, vector.bare);
    }
    if (!vector.bare) out_.u32(kVectorId);
    out_.u32(static_cast<std::uint32_t>(data.size));
    switch (vector.item) {
      case Kind::kBool: return items<bool>(data, [&](bool value) { out_.boolean(value); });
      case Kind::kInt: return out_.raw(View(static_cast<const char*>(data.data), data.size * 4)), Outcome::kDone;
      case Kind::kLong:
      case Kind::kDouble: return out_.raw(View(static_cast<const char*>(data.data), data.size * 8)), Outcome::kDone;
      case Kind::kIntAsLong:
        for (std::size_t i = 0; i < data.size; ++i) {
          const Outcome outcome = narrow(static_cast<const std::int64_t*>(data.data)[i], object);
          if (outcome != Outcome::kDone) return outcome;
        }
        return Outcome::kDone;
      case Kind::kInt128: return items<std::array<char, 16>>(data, [&](const auto& value) { raw(value); });
      case Kind::kInt256: return items<std::array<char, 32>>(data, [&](const auto& value) { raw(value); });
      case Kind::kString:
      case Kind::kBytes: return items<std::string>(data, [&](const auto& value) { out_.string(value); });
      case Kind::kBare:
        for (std::size_t i = 0; i < data.size; ++i) {
          const BoxBase& box = static_cast<const BoxBase*>(data.data)[i];
          if (!box) return broken(object.tl_class().name);
          const Outcome outcome = body(kBareClasses[vector.aux]->variants.front(), *box.object());
          if (outcome != Outcome::kDone) return outcome;
        }
        return Outcome::kDone;
      case Kind::kVector:
        for (std::size_t i = 0; i < data.size; ++i) {
          const Vector& inner = kVectors[vector.aux];
          const char* item = static_cast<const char*>(data.data) + i * vector.ops->stride;
          const Outcome outcome = this->vector(inner, inner.ops->view(item), object);
          if (outcome != Outcome::kDone) return outcome;
        }
        return Outcome::kDone;
      default: return Outcome::kDone;
    }
  }

  Outcome no_form(std::string_view name) {
    culprit_ = name;
    return Outcome::kNoForm;
  }
  Outcome broken(std::string_view name) {
    culprit_ = name;
    return Outcome::kBroken;
  }

  Writer out_;
  int layer_;
  std::string_view culprit_;
};

template <class Write>
Result<> encoded(Bytes& out, int layer, Write&& write) {
  const std::size_t before = out.size();
  std::string_view culprit;
  {
    Encoder encoder(out, layer);
    if (write(encoder) == Outcome::kDone) return {};
    culprit = encoder.culprit();
  }
  out.resize(before);
  return fail({500, culprit});
}

Result<> encode_whole(Bytes& out, const Object& object, int layer) {
  return encoded(out, layer, [&](Encoder& encoder) { return encoder.replaceable(object); });
}

}  // namespace

Result<> encode(Bytes& out, const Object& object, Layer layer) {
  return encode_whole(out, object, layer.number);
}

void encode_bool(Bytes& out, bool value) {
  append_le(out, value ? kBoolTrueId : kBoolFalseId);
}

Result<> detail::encode_boxes(Bytes& out, const BoxBase* boxes, std::size_t count, Layer layer) {
  return encoded(out, layer.number, [&](Encoder& encoder) { return encoder.boxes(boxes, count, false); });
}

void encode_record(Bytes& out, const Object& object) {
  const auto done = encode_whole(out, object, kStoredForms);
  ASSERT(done);
}

Bytes encode_record(const Object& object) {
  Bytes out;
  encode_record(out, object);
  return out;
}

void encode_mtproto(Bytes& out, const Object& object) {
  const auto done = encode_whole(out, object, kOnlyForms);
  ASSERT(done);
}

Bytes encode_mtproto(const Object& object) {
  Bytes out;
  encode_mtproto(out, object);
  return out;
}

}  // namespace helio::tl
