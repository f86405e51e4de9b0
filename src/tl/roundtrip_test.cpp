// Every form of every struct, filled by its own table from a seed: encoded, decoded and encoded again it is the same.
// tests/tl_oracle holds the same forms to the codecs of others.
#include <gtest/gtest.h>

#include <map>
#include <random>

#include "tl/decode.h"
#include "tl/encode.h"
#include "tl/json.h"
#include "tl/mtproto.h"
#include "tl/slots.h"

namespace helio {
namespace {

using tl::Class;
using tl::Field;
using tl::Kind;
using tl::Object;
using tl::Variant;

class Filler {
 public:
  Filler(int layer, std::uint64_t seed) : layer_(layer), random_(seed) {
    for (const Class* of : tl::all_classes()) {
      if (form_of(*of)) constructors_[of->type].push_back(of);
    }
  }

  const Variant* form_of(const Class& of) const {
    for (const Variant& form : of.variants) {
      if (form.first_layer <= layer_ && layer_ <= form.last_layer) return &form;
    }
    return nullptr;
  }

  // Null where the type has no constructor in the layer, or they nest without end.
  Object* fill(const Class& of, int depth) {
    const Variant& form = *form_of(of);
    Object* object = of.create();
    for (const Field& field : std::span(form.fields, form.field_count)) {
      const auto kind = static_cast<Kind>(field.kind & tl::kKindMask);
      const bool flagged = field.flag != tl::kAlways;
      if (kind == Kind::kFlags || (flagged && random_() % 2)) continue;
      if (!value(field, kind, object, depth) && !flagged) {
        delete object;
        return nullptr;
      }
    }
    return object;
  }

 private:
  bool value(const Field& field, Kind kind, Object* object, int depth) {
    if (kind == Kind::kVector) return vector(tl::kVectors[field.aux], tl::slot<char>(object, field.offset), depth);
    bool good = true;
    tl::with_slot(field.kind, [&]<class T>(std::type_identity<T>) {
      T& to = tl::slot<T>(object, field.offset);
      if constexpr (std::same_as<T, tl::BoxBase>) {
        good = box(kind, field.aux, to, depth);
      } else if constexpr (requires { to.has_value(); }) {
        scalar(kind, to.emplace());
      } else {
        scalar(kind, to);
      }
    });
    return good;
  }

  bool box(Kind kind, std::uint32_t aux, tl::BoxBase& to, int depth) {
    if (depth > 6) return false;
    const auto& choices = constructors_[kind == Kind::kQuery ? tl::kMethod : static_cast<std::uint16_t>(aux)];
    for (int tries = 0; tries < 8 && !to && !choices.empty(); ++tries) {
      to.set(fill(*choices[random_() % choices.size()], depth + 1));
    }
    return static_cast<bool>(to);
  }

  bool vector(const tl::Vector& vector, char& slot, int depth) {
    const std::size_t size = depth > 4 ? 0 : random_() % 3;
    char* items = static_cast<char*>(vector.ops->make(&slot, size));
    bool good = true;
    for (std::size_t i = 0; i < size; ++i) {
      char* item = items + i * vector.ops->stride;
      tl::with_slot(static_cast<std::uint8_t>(vector.item), [&]<class T>(std::type_identity<T>) {
        T& to = tl::slot<T>(item, 0);
        if constexpr (std::same_as<T, tl::BoxBase>) {
          good = good && box(vector.item, vector.aux, to, depth);
        } else if constexpr (!requires { to.has_value(); }) {
          scalar(vector.item, to);
        }
      });
    }
    return good;
  }

  void scalar(Kind kind, bool& to) { to = kind == Kind::kTrue || random_() % 2; }
  void scalar(Kind, std::int32_t& to) { to = static_cast<std::int32_t>(random_()); }
  void scalar(Kind kind, std::int64_t& to) {
    to = static_cast<std::int64_t>(random_());
    if (kind == Kind::kIntAsLong) to = static_cast<std::int32_t>(to);
  }
  void scalar(Kind, double& to) { to = static_cast<double>(random_() % 1'000'000) / 7; }
  template <std::size_t size>
  void scalar(Kind, std::array<char, size>& to) {
    for (char& c : to) c = static_cast<char>(random_());
  }
  void scalar(Kind kind, std::string& to) {
    static constexpr std::size_t kSizes[] = {0, 1, 3, 20, 253, 254, 255};
    to.assign(kSizes[random_() % std::size(kSizes)], 'x');
    if (kind == Kind::kBytes) {
      for (char& c : to) c = static_cast<char>(random_());
    }
  }

  int layer_;
  std::mt19937_64 random_;
  std::map<std::uint16_t, std::vector<const Class*>> constructors_;
};

std::vector<int> layers() {
  std::set<int> found;
  for (const Class* of : tl::all_classes()) {
    for (const Variant& form : of->variants) {
      if (form.first_layer <= form.last_layer) found.insert(form.first_layer);
    }
  }
  return {found.begin(), found.end()};
}

TEST(RoundTrip, EveryFormOfEveryLayer) {
  int count = 0;
  for (const int layer : layers()) {
    Filler filler(layer, static_cast<std::uint64_t>(layer));
    for (const Class* of : tl::all_classes()) {
      if (!filler.form_of(*of)) continue;
      for (int round = 0; round < 2; ++round) {
        tl::Box<Object> object;
        object.set(filler.fill(*of, 0));
        if (!object) continue;
        Bytes wire;
        const auto encoded = tl::encode(wire, *object, tl::Layer{layer});
        ASSERT_TRUE(encoded) << of->name << " in layer " << layer << ": " << text_of(encoded.error());
        const auto again = of->type == tl::kMethod ? tl::decode_method(wire) : tl::decode_object(wire);
        ASSERT_TRUE(again) << of->name << " in layer " << layer << ": " << to_json(*object);
        Bytes second;
        ASSERT_TRUE(tl::encode(second, **again, tl::Layer{layer}));
        ASSERT_TRUE(wire == second) << of->name << " in layer " << layer << ": " << to_json(*object) << "\nbecame "
                                    << to_json(**again);
        ++count;
      }
    }
  }
  EXPECT_GT(count, 100'000);
}

TEST(RoundTrip, ACopyIsEqualAndItsOwn) {
  Filler filler(tl::kNewestLayer.number, 7);
  for (const Class* of : tl::all_classes()) {
    if (!filler.form_of(*of)) continue;
    tl::Box<Object> object;
    object.set(filler.fill(*of, 0));
    if (!object) continue;
    tl::Box<Object> copy = object;
    ASSERT_NE(copy.object(), object.object());
    ASSERT_TRUE(tl::equal(*copy, *object)) << of->name;
    ASSERT_EQ(to_json(*copy), to_json(*object));
  }
}

TEST(RoundTrip, EverythingOfTheNewestLayerIsReadByEveryOlderOne) {
  // Whatever an older layer lacks is converted, replaced or left out; what is written is in that layer's own words.
  for (const int layer : layers()) {
    Filler filler(tl::kNewestLayer.number, 3);
    const Filler older(layer, 0);
    for (const Class* of : tl::all_classes()) {
      if (of->type == tl::kMethod || of->family != tl::Family::kApi || !filler.form_of(*of)) continue;
      tl::Box<Object> object;
      object.set(filler.fill(*of, 0));
      if (!object) continue;
      Bytes wire;
      if (!tl::encode(wire, *object, tl::Layer{layer})) {
        EXPECT_EQ(wire, "");
        continue;
      }
      const auto again = tl::decode_object(wire);
      ASSERT_TRUE(again) << of->name << " in layer " << layer << ": " << to_json(*object);
      Bytes second;
      ASSERT_TRUE(tl::encode(second, **again, tl::Layer{layer})) << of->name << " in layer " << layer;
      ASSERT_TRUE(wire == second) << of->name << " in layer " << layer << ": " << to_json(*object) << "\nbecame "
                                  << to_json(**again);
    }
  }
}

}  // namespace
}  // namespace helio
