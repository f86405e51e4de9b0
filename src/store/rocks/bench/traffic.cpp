#include "store/rocks/bench/traffic.h"

namespace helio::store::rocks::bench {

namespace {

// Long enough that two values of one block rarely come from the same place, and short enough for a core's cache.
constexpr std::size_t kTextSize = 512 << 10;
constexpr std::uint64_t kWords = 4096;

}  // namespace

Bytes box_name(std::uint32_t box) {
  Bytes name = "u";
  append_be(name, std::uint64_t{box});
  return name;
}

Traffic::Traffic(std::uint32_t boxes) : boxes_(boxes) {
  SeededRandom random(2);
  std::vector<Bytes> words(kWords);
  for (Bytes& word : words) {
    for (auto left = 2 + random.below(8); left > 0; --left) word.push_back(static_cast<char>('a' + random.below(26)));
    word.push_back(' ');
  }
  text_.reserve(kTextSize + kValueMax);
  // The product of two numbers: small ones, and so the first words, come more often.
  while (text_.size() < kTextSize) text_ += words[random.below(kWords) * random.below(kWords) / kWords];
}

}  // namespace helio::store::rocks::bench
