// tl/index.h: the generated list of everything, by id (tables/index.cpp).
#pragma once
#include "tl/table.h"

namespace helio::tl {

// Open addressing: starts at the top kIndexBits bits of id * 0x9E3779B1, goes on to the next slot, ends at a null form.
struct IndexSlot {
  std::uint32_t id;
  const Variant* form;
};

extern const int kIndexBits;
extern const IndexSlot kIndex[];
extern const Class* const kClasses[];
extern const int kClassCount;
extern const int kLayers[];  // Packaged ones, ascending.
extern const int kLayerCount;

}  // namespace helio::tl
