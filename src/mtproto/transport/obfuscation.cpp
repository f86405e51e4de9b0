#include "mtproto/transport/obfuscation.h"

#include "crypto/sha.h"
#include "mtproto/transport/detect.h"

namespace helio::mtproto {

namespace {

constexpr std::size_t kKeyAt = 8;
constexpr std::size_t kIvAt = 40;
constexpr std::size_t kTagAt = 56;
constexpr std::size_t kDcAt = 60;

std::uint32_t tag_of(Framing framing) {
  switch (framing) {
    case Framing::kAbridged: return kAbridgedTag;
    case Framing::kIntermediate: return kIntermediateTag;
    case Framing::kPadded: return kPaddedTag;
    case Framing::kFull: break;
  }
  ASSERT(!"full framing has no tag");
  return 0;
}

// The client's direction uses the bytes as they are, the server's the same bytes backwards.
crypto::AesCtr forward(View header) {
  return {crypto::fixed<32>(header.substr(kKeyAt)), crypto::fixed<16>(header.substr(kIvAt))};
}
crypto::AesCtr backward(View header) {
  Bytes reversed(header.rbegin() + static_cast<std::ptrdiff_t>(kObfuscationHeaderSize - kTagAt),
                 header.rend() - static_cast<std::ptrdiff_t>(kKeyAt));
  return {crypto::fixed<32>(reversed), crypto::fixed<16>(View(reversed).substr(32))};
}

}  // namespace

std::optional<Obfuscation> accept_obfuscation(View bytes) {
  ASSERT(bytes.size() == kObfuscationHeaderSize);
  crypto::AesCtr in = forward(bytes);
  Bytes plain(bytes);
  in.apply(plain);
  const auto dc = load_le<std::int16_t>(plain.data() + kDcAt);
  for (const Framing framing : {Framing::kAbridged, Framing::kIntermediate, Framing::kPadded}) {
    if (load_le<std::uint32_t>(plain.data() + kTagAt) == tag_of(framing)) {
      return Obfuscation{framing, dc, std::move(in), backward(bytes)};
    }
  }
  return std::nullopt;
}

Opening open_obfuscation(Framing framing, int dc, Random& random) {
  Bytes header;
  do {
    header = random.bytes(kObfuscationHeaderSize);
  } while (detect(header) != Detected::kObfuscated);
  crypto::AesCtr out = forward(header);
  crypto::AesCtr in = backward(header);

  Bytes plain = header;
  store_le(plain.data() + kTagAt, tag_of(framing));
  store_le(plain.data() + kDcAt, static_cast<std::int16_t>(dc));
  out.apply(plain);
  header.replace(kTagAt, Bytes::npos, plain, kTagAt);
  return {std::move(header), Obfuscation{framing, dc, std::move(in), std::move(out)}};
}

bool SeenHeaders::add(View header) {
  constexpr seconds kHalf{600};  // Every header is remembered for at least this long.
  const auto hash = load_le<std::uint64_t>(crypto::sha256(header).data());
  const std::lock_guard lock(mutex_);
  if (const Ticks now = clock_.ticks(); now - since_ >= kHalf || now_.size() >= size_max_) {
    before_ = now - since_ >= 2 * kHalf ? decltype(now_)() : std::move(now_);
    now_.clear();
    since_ = now;
  }
  if (before_.contains(hash)) return false;
  return now_.insert(hash).second;
}

}  // namespace helio::mtproto
