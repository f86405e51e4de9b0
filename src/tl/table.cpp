#include "tl/table.h"

#include "tl/index.h"
#include "tl/layers.h"

namespace helio::tl {

const Variant* find_variant(std::uint32_t id) noexcept {
  const std::uint32_t mask = (1U << kIndexBits) - 1;
  for (std::uint32_t at = (id * 0x9E3779B1U) >> (32 - kIndexBits);; at = (at + 1) & mask) {
    const IndexSlot& slot = kIndex[at];
    if (!slot.form || slot.id == id) return slot.form;
  }
}

std::span<const Class* const> all_classes() noexcept {
  return {kClasses, static_cast<std::size_t>(kClassCount)};
}

std::optional<Layer> served_layer(int announced) {
  constexpr int kFloor = 133, kFirstWith64Bits = 135;
  if (announced < kFloor) return std::nullopt;
  int served = kFirstWith64Bits;
  for (int i = 0; i < kLayerCount && kLayers[i] <= announced; ++i) served = std::max(served, kLayers[i]);
  return Layer{served};
}

}  // namespace helio::tl
