// tl/layers.h: the layer a client speaks.
#pragma once
#include <compare>
#include <optional>

namespace helio::tl {

struct Layer {
  int number = 0;
  friend auto operator<=>(const Layer&, const Layer&) = default;
};

// The newest packaged layer: the one whose shapes the structs have.
extern const Layer kNewestLayer;

// What a client that announces `announced` in invokeWithLayer is served: the newest layer we know that is not newer.
// nullopt below 133, the first layer with 64-bit ids: 400 CONNECTION_LAYER_INVALID.
// 133 and 134 are served as 135 (docs/layers.md), since 131 has 32-bit ids.
std::optional<Layer> served_layer(int announced);

}  // namespace helio::tl
