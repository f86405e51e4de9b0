// tl/object.h: what every TL object is, and the box that owns one.
//
// Shape:   a constructor or method of the schema is a struct derived from Object (generated, tl/types/), with the
// fields
//          of every layer we speak. Its type (InputPeer) is an abstract class between the two (TypeInputPeer).
// Values:  structs and boxes copy deeply and compare by value (equal()). A box may be null, which means absent.
// Threads: as any value: one writer, or many readers.
#pragma once
#include <array>
#include <concepts>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <type_traits>
#include <utility>
#include <vector>

namespace helio::tl {

struct Class;  // The tables of one struct (tl/table.h).
template <class T>
class Box;

class Object {
 public:
  virtual ~Object();
  virtual const Class& tl_class() const noexcept = 0;

  // The id of the newest form: the struct's kId, so that `switch (peer->id()) { case tl::InputPeerUser::kId:` works.
  // Structs whose schema has a field `id` hide this one: ask through the type or id_of().
  std::uint32_t id() const noexcept;
  Box<Object> clone() const;

 protected:
  Object() = default;
  Object(const Object&) = default;
  Object(Object&&) = default;
  Object& operator=(const Object&) = default;
  Object& operator=(Object&&) = default;
};

inline std::uint32_t id_of(const Object& object) noexcept {
  return object.id();
}
std::string_view name_of(const Object& object) noexcept;  // As the schema spells it: "inputPeerUser".

// Deep, by value. Objects of different constructors are not equal.
bool equal(const Object& a, const Object& b);

// The untyped half of Box: also how the codec's tables reach one.
class BoxBase {
 public:
  BoxBase() = default;
  BoxBase(const BoxBase& other);
  BoxBase(BoxBase&& other) noexcept : object_(std::exchange(other.object_, nullptr)) {}
  BoxBase& operator=(const BoxBase& other);
  BoxBase& operator=(BoxBase&& other) noexcept {
    std::swap(object_, other.object_);
    return *this;
  }
  ~BoxBase() { delete object_; }

  explicit operator bool() const noexcept { return object_ != nullptr; }
  const Object* object() const noexcept { return object_; }
  Object* object() noexcept { return object_; }
  void set(Object* object) noexcept { delete std::exchange(object_, object); }  // Takes ownership.
  Object* release() noexcept { return std::exchange(object_, nullptr); }
  void reset() noexcept { set(nullptr); }

 private:
  Object* object_ = nullptr;
};

// Owns a T or is null. T may be only declared until the value is used.
template <class T>
class Box : public BoxBase {
 public:
  Box() = default;
  Box(std::nullptr_t) noexcept {}
  // From any constructor of the type: Box<TypeUser> user = std::move(some_user).
  template <class U>
    requires(!std::derived_from<std::remove_cvref_t<U>, BoxBase> && std::derived_from<std::remove_cvref_t<U>, T>)
  Box(U&& value) {
    set(new std::remove_cvref_t<U>(std::forward<U>(value)));
  }
  // From a box of anything, where any object will do.
  template <class U>
    requires(std::same_as<T, Object> && !std::same_as<U, Object>)
  Box(Box<U> other) noexcept {
    set(other.release());
  }

  T* get() noexcept { return static_cast<T*>(object()); }
  const T* get() const noexcept { return static_cast<const T*>(object()); }
  T& operator*() noexcept { return *get(); }
  const T& operator*() const noexcept { return *get(); }
  T* operator->() noexcept { return get(); }
  const T* operator->() const noexcept { return get(); }

  friend bool operator==(const Box& a, const Box& b) { return !a || !b ? !a && !b : equal(*a.object(), *b.object()); }
  friend bool operator==(const Box& a, std::nullptr_t) noexcept { return !a; }
};

// The struct T if `object` is one, else null. T may be an abstract type as well.
template <class T>
const T* as(const Object* object) noexcept {
  if constexpr (requires { T::kId; }) {
    return object && id_of(*object) == T::kId ? static_cast<const T*>(object) : nullptr;
  } else {
    return dynamic_cast<const T*>(object);
  }
}
template <class T>
T* as(Object* object) noexcept {
  return const_cast<T*>(as<T>(static_cast<const Object*>(object)));
}
template <class T>
const T* as(const Object& object) noexcept {
  return as<T>(&object);
}
template <class T>
T* as(Object& object) noexcept {
  return as<T>(&object);
}
template <class T>
const T* as(const BoxBase& box) noexcept {
  return as<T>(box.object());
}
template <class T>
T* as(BoxBase& box) noexcept {
  return as<T>(box.object());
}

}  // namespace helio::tl
