// store/rocks/bench/traffic.h: private messages as boxes keep them, drawn from a seed, for whoever writes them.
//
// Shape:  a message changes two boxes, one after the other. In each it puts four rows with the keys of docs/storage.md,
//         "Keys of a box": counters (60 bytes), the message (160), its event (60), its dialog (100).
// Values: words of a made-up language, of uneven frequency. LZ4 takes a fifth off blocks of them, ZSTD two fifths:
//         neither random bytes nor one byte repeated.
#pragma once
#include <vector>

#include "base/bytes.h"
#include "base/random.h"

namespace helio::store::rocks::bench {

inline constexpr int kRowsPerBox = 4;

Bytes box_name(std::uint32_t box);

class Traffic {
 public:
  explicit Traffic(std::uint32_t boxes);

  std::uint32_t boxes() const { return boxes_; }
  std::uint32_t box() { return static_cast<std::uint32_t>(random_.below(boxes_)); }  // One of them, all as likely.

  // The rows that box gets: its message number `pts`, exchanged with `peer`. put(View key, View value), kRowsPerBox
  // times; the views end with the call.
  template <class Put>
  void each_row(std::uint32_t peer, std::uint32_t pts, Put put) {
    char key[1 + 9 + 4];
    put(View("0"), value(60));
    key[0] = 'm';
    write_peer(key + 1, peer);
    write_be(key + 10, pts);
    put(View(key, 14), value(160));
    key[0] = 'd';
    put(View(key, 10), value(100));
    key[0] = 'e';
    write_be(key + 1, pts);
    put(View(key, 5), value(60));
  }
  // Text of that size, at most kValueMax.
  static constexpr std::size_t kValueMax = 256;
  View value(std::size_t size) { return View(text_).substr(random_.below(text_.size() - kValueMax), size); }

 private:
  static void write_be(char* to, std::uint32_t number) {
    for (int shift = 24; shift >= 0; shift -= 8) *to++ = static_cast<char>(number >> shift);
  }
  static void write_peer(char* to, std::uint32_t peer) {
    std::memset(to, 0, 9);
    to[0] = 1;
    write_be(to + 5, peer);
  }

  std::uint32_t boxes_;
  SeededRandom random_{1};
  Bytes text_;
};

}  // namespace helio::store::rocks::bench
