// tl/walk.h: goes through any object without knowing what it is.
//
// Order:   an object before what is in it, fields in the order of the struct. Objects nest as deep as they were decoded
// or
//          built; the walk recurses.
#pragma once
#include <memory>
#include <span>

#include "tl/object.h"

namespace helio::tl {

namespace detail {
using VisitObject = void (*)(void* visitor, const Object& object);
using VisitNumber = void (*)(void* visitor, std::string_view field, std::int64_t value);
void walk(const Object& object, VisitObject visit, void* visitor);
void numbers(const Object& object, VisitNumber visit, void* visitor);
}  // namespace detail

// Calls visit(const Object&) for `object` and every object in it.
template <class Visit>
void walk(const Object& object, Visit&& visit) {
  detail::walk(
      object,
      [](void* visitor, const Object& found) { (*static_cast<std::remove_reference_t<Visit>*>(visitor))(found); },
      const_cast<void*>(static_cast<const void*>(std::addressof(visit))));
}

// Calls visit(std::string_view field, std::int64_t value) for every int and long that `object` itself has, those in its
// vectors as well; not for those that are absent, nor for older forms of a field.
template <class Visit>
void numbers(const Object& object, Visit&& visit) {
  detail::numbers(
      object,
      [](void* visitor, std::string_view field, std::int64_t value) {
        (*static_cast<std::remove_reference_t<Visit>*>(visitor))(field, value);
      },
      const_cast<void*>(static_cast<const void*>(std::addressof(visit))));
}

}  // namespace helio::tl
