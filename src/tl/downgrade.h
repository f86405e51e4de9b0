// tl/downgrade.h: what stands in for an object that the receiver's layer lacks (docs/layers.md).
#pragma once
#include "tl/object.h"

namespace helio::tl {

// Null: nothing does. The answer may itself be something that the layer lacks: ask again with it.
Box<Object> stand_in(const Object& object);

}  // namespace helio::tl
