// Our codec at the other end of a pipe; tests/tl_oracle/compare.mjs asks and judges.
//
//   in    LAYER c|m|t HEX    the bytes of a constructor (c) or method (m), as the JavaScript codec of LAYER wrote them;
//                            t: of either, of MTProto itself
//   out   HEX JSON           what we write for LAYER after reading them, and what we read (tl/json.h)
//   or    ! REASON
//
// one line each, separated by tabs.
#include <cstdio>
#include <iostream>

#include "tl/decode.h"
#include "tl/encode.h"
#include "tl/json.h"
#include "tl/layers.h"
#include "tl/mtproto.h"

namespace helio {
namespace {

Bytes answer(const std::string& line) {
  const auto kind_at = line.find('\t') + 1;
  const auto hex_at = kind_at + 2;
  const tl::Layer layer{std::stoi(line)};
  const auto wire = from_hex(View(line).substr(hex_at));
  if (!wire) return "!\tno hex";

  const char kind = line[kind_at];
  const auto object = kind == 't'   ? tl::decode_mtproto(*wire)
                      : kind == 'm' ? tl::decode_method(*wire)
                                    : tl::decode_object(*wire);
  if (!object) return "!\tdecode: " + Bytes(object.error().name);
  Bytes again;
  if (kind == 't') {
    tl::encode_mtproto(again, **object);
  } else if (const auto done = tl::encode(again, *object, layer); !done) {
    return "!\tencode: " + Bytes(done.error().name);
  }
  return to_hex(again) + '\t' + tl::to_json(*object->object());
}

}  // namespace
}  // namespace helio

int main() {
  std::ios::sync_with_stdio(false);
  for (std::string line; std::getline(std::cin, line);) std::cout << helio::answer(line) << '\n';
}
