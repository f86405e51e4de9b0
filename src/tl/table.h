// tl/table.h: what the generated tables say, and how the codec's engine reads them.
//
// One Class per struct, one Variant per form of it (an id, the layers that have it, its fields in wire order), one
// Field per field. Every Variant points into the same struct, so the caller never knows which layer wrote an object.
// Only src/tl and generated code look in here.
#pragma once
#include <span>

#include "tl/object.h"

namespace helio::tl {

enum class Kind : std::uint8_t {
  kFlags,  // The word whose bits say which fields follow. Field::aux: the bits this form knows.
  kTrue,   // A bit and nothing else.
  kBool,
  kInt,
  kLong,
  kIntAsLong,  // int on the wire, long in the struct: layers before 133, and counters that grew.
  kDouble,
  kInt128,
  kInt256,
  kString,  // UTF-8.
  kBytes,
  kObject,  // Any constructor of a type. aux: index into kTypes.
  kBare,    // One constructor without its id. aux: index into kBareClasses.
  kQuery,   // A method inside a method (!X).
  kVector,  // aux: index into kVectors.
};

constexpr bool is_box(Kind kind) {
  return kind == Kind::kObject || kind == Kind::kBare || kind == Kind::kQuery;
}

// Bits beside the kind in Field::kind.
inline constexpr std::uint8_t kKindMask = 0x1f;
inline constexpr std::uint8_t kOptional = 0x40;  // The struct holds it in std::optional; a box may be null.
inline constexpr std::uint8_t kOldForm = 0x80;   // An older form of another field (schema/conversions.txt).

inline constexpr std::uint8_t kAlways = 0xff;

struct Field {
  std::uint8_t kind;
  std::uint8_t flag;     // Word * 32 + bit; kAlways where it is not optional. For kFlags: the word.
  std::uint16_t offset;  // Bytes from the start of the struct.
  std::uint32_t aux;
};

struct Variant {
  std::uint32_t id;
  std::int16_t first_layer;  // The layers whose clients read this form; first > last: none, we only decode it.
  std::int16_t last_layer;
  const Class* of;
  const Field* fields;        // In wire order; those of Kind::kTrue, which take no bytes, after all others.
  std::uint16_t value_count;  // Without those of Kind::kTrue.
  std::uint16_t field_count;
  std::uint8_t flags_words;
  bool stored;     // The form that encode_record() writes.
  bool old_forms;  // Some field is kOldForm.
};

// A field of the struct, whatever the layer.
struct Member {
  const char* name;
  std::uint8_t kind;
  std::uint16_t offset;
  std::uint32_t aux;
};

enum class Family : std::uint8_t { kApi, kMtproto, kRecords };

struct Class {
  std::string_view name;
  std::uint32_t id;
  std::uint16_t type;  // Index into kTypes; kMethod for methods.
  Family family;
  Object* (*create)();
  std::span<const Variant> variants;  // Newest first.
  std::span<const Member> members;
  // Fills today's fields from older forms, after decoding. Null where nothing is converted; so the other one.
  void (*upgrade)(Object& object);
  // Fills the older forms in `to`, before encoding. Without `to`: whether there is anything to fill them from.
  bool (*downgrade)(const Object& from, Object* to);
};
inline constexpr std::uint16_t kMethod = 0xffff;

// What stands in for an object that the receiver's layer lacks (schema/downgrades.txt).
enum class Fallback : std::uint8_t { kNone, kDrop, kConstructor };

struct Type {
  std::string_view name;
  Fallback fallback;
  const Class* constructor;  // Without required fields.
  const Class* empty;        // Stands for null where an older layer requires a value.
};

struct VectorData {
  const void* data;
  std::size_t size;
  bool present;
};

struct VectorOps {
  std::size_t stride;
  VectorData (*view)(const void* slot);
  void* (*make)(void* slot, std::size_t size);  // `size` default values; where the first one is.
};

struct Vector {
  Kind item;
  bool bare;               // Without the id of `vector`.
  std::uint32_t aux;       // As in Field.
  std::uint32_t item_min;  // Bytes that the smallest item takes.
  const VectorOps* ops;
};

extern const Type kTypes[];
extern const Vector kVectors[];
extern const Class* const kBareClasses[];

// What an id decodes as; null where it is unknown. Any family.
const Variant* find_variant(std::uint32_t id) noexcept;
std::span<const Class* const> all_classes() noexcept;

template <class T>
T& slot(void* object, std::size_t offset) {
  return *reinterpret_cast<T*>(static_cast<char*>(object) + offset);
}
template <class T>
const T& slot(const void* object, std::size_t offset) {
  return *reinterpret_cast<const T*>(static_cast<const char*>(object) + offset);
}

template <class T>
inline constexpr VectorOps kVectorOps{sizeof(T),
                                      [](const void* slot) -> VectorData {
                                        const auto& items = *static_cast<const std::vector<T>*>(slot);
                                        return {items.data(), items.size(), true};
                                      },
                                      [](void* slot, std::size_t size) -> void* {
                                        auto& items = *static_cast<std::vector<T>*>(slot);
                                        items = std::vector<T>(size);
                                        return items.data();
                                      }};

template <class T>
inline constexpr VectorOps kOptionalVectorOps{
    sizeof(T),
    [](const void* slot) -> VectorData {
      const auto& items = *static_cast<const std::optional<std::vector<T>>*>(slot);
      return items ? VectorData{items->data(), items->size(), true} : VectorData{nullptr, 0, false};
    },
    [](void* slot, std::size_t size) -> void* {
      return static_cast<std::optional<std::vector<T>>*>(slot)->emplace(size).data();
    }};

template <class T>
Object* create() {
  return new T;
}

}  // namespace helio::tl
