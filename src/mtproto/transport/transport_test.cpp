#include "mtproto/transport/transport.h"

#include <gtest/gtest.h>

#include "base/virtual_clock.h"
#include "mtproto/transport/detect.h"

namespace helio::mtproto {

namespace {

using Status = Transport::Status;

struct Wire : testing::Test {
  asio::io_context context;
  VirtualClock clock{context};
  SeededRandom random{1};
  SeenHeaders seen{clock};

  // A packet of `size` bytes that looks encrypted or, with id 0, plain.
  Bytes payload(std::size_t size, std::int64_t auth_key_id = 77) {
    Bytes bytes = random.bytes(size);
    store_le(bytes.data(), auth_key_id);
    if (auth_key_id == 0) store_le(bytes.data() + 16, static_cast<std::uint32_t>(size - 20));
    return bytes;
  }
};

struct Variant {
  const char* name;
  Framing framing;
  bool obfuscated;
};
constexpr Variant kVariants[] = {
    {"abridged", Framing::kAbridged, false},
    {"intermediate", Framing::kIntermediate, false},
    {"padded", Framing::kPadded, false},
    {"full", Framing::kFull, false},
    {"obfuscated abridged", Framing::kAbridged, true},
    {"obfuscated intermediate", Framing::kIntermediate, true},
    {"obfuscated padded", Framing::kPadded, true},
};

// The client's end of a connection, as bytes.
struct Client {
  Client(Variant variant, Random& random) : writer(variant.framing, Side::kClient, random) {
    if (variant.obfuscated) {
      Opening opening = open_obfuscation(variant.framing, 2, random);
      sent = opening.header;
      obfuscation = std::move(opening.obfuscation);
    } else if (variant.framing == Framing::kAbridged) {
      sent = "\xef";
    } else if (variant.framing != Framing::kFull) {
      append_le(sent, variant.framing == Framing::kPadded ? kPaddedTag : kIntermediateTag);
    }
  }
  void send(View payload, bool wants_ack = false) {
    const std::size_t from = sent.size();
    writer.begin(sent, payload.size(), wants_ack);
    sent += payload;
    writer.end(sent);
    if (obfuscation) obfuscation->out.apply(std::span(sent).subspan(from));
  }
  FrameWriter writer;
  std::optional<Obfuscation> obfuscation;
  Bytes sent;
};

struct Received {
  std::vector<Bytes> payloads;
  std::vector<bool> acks;
  Status last = Status::kMore;
};

// Feeds `bytes` in pieces that end at `cuts`, from a buffer that is overwritten after each, as the real one is.
Received feed(Transport& transport, View bytes, std::vector<std::size_t> cuts) {
  Received received;
  std::size_t at = 0;
  cuts.push_back(bytes.size());
  for (const std::size_t cut : cuts) {
    Bytes buffer(bytes.substr(at, cut - at));
    at = cut;
    transport.feed(buffer);
    for (;;) {
      const Transport::Next next = transport.next();
      received.last = next.status;
      if (next.status != Status::kFrame) break;
      received.payloads.emplace_back(next.frame.payload.data(), next.frame.payload.size());
      received.acks.push_back(next.frame.wants_ack);
      transport.release();
    }
    transport.keep();
    std::fill(buffer.begin(), buffer.end(), '\x55');
  }
  return received;
}

}  // namespace

TEST_F(Wire, A01_EveryTransportIsDetectedWhereverItsFirstBytesAreCut) {
  for (const Variant& variant : kVariants) {
    SCOPED_TRACE(variant.name);
    Client client(variant, random);
    const std::vector<Bytes> payloads = {payload(40, 0), payload(104), payload(1000), payload(24 + 48)};
    for (const Bytes& bytes : payloads) client.send(bytes);
    for (std::size_t cut = 0; cut <= client.sent.size(); ++cut) {
      SeenHeaders fresh(clock);
      Transport transport(random, fresh, false);
      const Received received = feed(transport, client.sent, {cut});
      ASSERT_EQ(received.payloads, payloads) << cut;
      EXPECT_EQ(received.last, Status::kMore);
      EXPECT_TRUE(transport.known());
      EXPECT_FALSE(transport.in_frame());
    }
    // And byte by byte.
    std::vector<std::size_t> every(client.sent.size());
    for (std::size_t i = 0; i < every.size(); ++i) every[i] = i;
    Transport transport(random, seen, false);
    EXPECT_EQ(feed(transport, client.sent, every).payloads, payloads);
  }
}

TEST_F(Wire, A01_TablesOfPrefixes) {
  const Bytes rest(100, '\x77');
  struct Case {
    View prefix;
    Detected detected;
  } cases[] = {
      {View("\xef", 1), Detected::kAbridged},
      {View("\xee\xee\xee\xee", 4), Detected::kIntermediate},
      {View("\xdd\xdd\xdd\xdd", 4), Detected::kPadded},
      {"GET / HTTP/1.1\r\n", Detected::kHttp},
      {"POST /api HTTP/1.1\r\n", Detected::kHttp},
      {"HEAD /", Detected::kHttp},
      {"OPTIONS *", Detected::kHttp},
      {View("\x16\x03\x01\x02", 4), Detected::kTls},
      {View("\x34\x00\x00\x00\x00\x00\x00\x00", 8), Detected::kFull},
      {View("\xee\xee\xee\xdd", 4), Detected::kObfuscated},
      {View("\x34\x00\x00\x00\x00\x00\x00\x01", 8), Detected::kObfuscated},
  };
  for (const auto& [prefix, detected] : cases) {
    const Bytes bytes = Bytes(prefix) + rest;
    EXPECT_EQ(detect(bytes), detected) << to_hex(prefix);
    for (std::size_t size = 0; size < bytes.size(); ++size) {
      const Detected early = detect(View(bytes).substr(0, size));
      EXPECT_TRUE(early == detected || early == Detected::kMore) << to_hex(prefix) << " " << size;
    }
  }
}

TEST_F(Wire, A02_RandomHeadersGetSilence) {
  int accepted = 0;
  for (int i = 0; i < 10'000; ++i) {
    Bytes header;
    do header = random.bytes(kObfuscationHeaderSize);
    while (detect(header) != Detected::kObfuscated);
    Transport transport(random, seen, false);
    const Received received = feed(transport, header + random.bytes(200), {});
    accepted += received.last != Status::kSilence || transport.known() || transport.in_frame();
  }
  EXPECT_EQ(accepted, 0);
}

TEST_F(Wire, A03_ARepeatedHeaderGetsSilence) {
  Client client({"", Framing::kPadded, true}, random);
  client.send(payload(104));
  Transport first(random, seen, false);
  EXPECT_EQ(feed(first, client.sent, {}).payloads.size(), 1u);
  for (const int later : {0, 599}) {
    clock.run_for(seconds(later));
    Transport second(random, seen, false);
    EXPECT_EQ(feed(second, client.sent, {}).last, Status::kSilence);
  }
  clock.run_for(seconds(2000));
  Transport third(random, seen, false);
  EXPECT_EQ(feed(third, client.sent, {}).payloads.size(), 1u);
}

TEST_F(Wire, A03_TheMemoryOfHeadersIsBounded) {
  constexpr std::size_t kMax = 10;
  SeenHeaders few(clock, kMax);
  std::vector<Bytes> headers(3 * kMax);
  for (Bytes& header : headers) {
    header = random.bytes(kObfuscationHeaderSize);
    EXPECT_TRUE(few.add(header));
  }
  for (std::size_t i = headers.size() - kMax; i < headers.size(); ++i) EXPECT_FALSE(few.add(headers[i])) << i;
  EXPECT_TRUE(few.add(headers[0])) << "pushed out";
}

TEST_F(Wire, A04_AnyDcIdIsServed) {
  for (const int dc : {0, 1, 2, 3, 4, 5, -1, -5, 10'002, -10'002, 32'767, -32'768}) {
    Opening opening = open_obfuscation(Framing::kIntermediate, dc, random);
    const Bytes packet = payload(104);
    Bytes frame;
    append_le(frame, static_cast<std::uint32_t>(packet.size()));
    frame += packet;
    opening.obfuscation.out.apply(frame);
    Transport transport(random, seen, false);
    EXPECT_EQ(feed(transport, opening.header + frame, {}).payloads, std::vector{packet}) << dc;
  }
}

TEST_F(Wire, A04_OverWebSocketEverythingMustBeObfuscated) {
  for (const Variant& variant : kVariants) {
    SCOPED_TRACE(variant.name);
    Client client(variant, random);
    client.send(payload(104));
    Transport transport(random, seen, true);
    const Received received = feed(transport, client.sent, {});
    EXPECT_EQ(received.payloads.size(), variant.obfuscated ? 1u : 0u);
    EXPECT_EQ(received.last, variant.obfuscated ? Status::kMore : Status::kClose);
    EXPECT_EQ(transport.known(), variant.obfuscated) << "nothing can be sent otherwise";
  }
  Transport transport(random, seen, true);
  EXPECT_EQ(feed(transport, "POST /api HTTP/1.1\r\nHost: here\r\n\r\n", {}).last, Status::kClose);
}

TEST_F(Wire, A05_LengthsAreJudgedBeforeTheirBytesArrive) {
  const std::pair<View, std::size_t> declared[] = {
      {View("\xef\x7f\xff\xff\xff", 5), 0xffffffull * 4},
      {View("\xee\xee\xee\xee\xfc\xff\xff\x7f", 8), 0x7ffffffcull},
      {View("\xdd\xdd\xdd\xdd\x01\x04\x00\x00", 8), 1025},
      {View("\x10\x04\x00\x00\x00\x00\x00\x00", 8), 1028},
  };
  for (const auto& [start, size] : declared) {
    SCOPED_TRACE(to_hex(start));
    Transport transport(random, seen, false);
    Bytes bytes(start);
    EXPECT_EQ(feed(transport, bytes, {}).last, Status::kMore);
    Bytes id;
    append_le(id, std::int64_t{42});
    transport.feed(id);
    const auto next = transport.next();
    EXPECT_EQ(next.status, Status::kTooLong);
    EXPECT_EQ(next.size, size);
    EXPECT_EQ(next.auth_key_id, 42);
  }
}

TEST_F(Wire, A05_ALongerFrameComesThroughOnceItsKeyIsKnown) {
  for (const Variant& variant : kVariants) {
    SCOPED_TRACE(variant.name);
    Client client(variant, random);
    const Bytes large = payload(24 + (1 << 20));
    client.send(large);
    Transport transport(random, seen, false);
    EXPECT_EQ(feed(transport, View(client.sent).substr(0, 2000), {}).last, Status::kTooLong);
    transport.raise_limit(2 << 20);
    std::vector<std::size_t> cuts;
    const View rest = View(client.sent).substr(2000);
    for (std::size_t cut = 60'000; cut < rest.size(); cut += 60'000) cuts.push_back(cut);
    EXPECT_EQ(feed(transport, rest, cuts).payloads, std::vector{large});
  }
}

TEST_F(Wire, A06_FramesThatCannotBe) {
  std::vector<Bytes> cases = {
      Bytes("\xef\x00", 2),                          // Abridged, no words.
      Bytes("\xef\x7f\x00\x00\x00", 5),              // The same in the long form.
      Bytes("\xee\xee\xee\xee\x00\x00\x00\x00", 8),  // Intermediate, empty,
      Bytes("\xee\xee\xee\xee\x2a\x00\x00\x00", 8),  // and no whole words.
      Bytes("\xdd\xdd\xdd\xdd\x00\x00\x00\x00", 8),  // Padded, empty.
      Bytes("\x08\x00\x00\x00\x00\x00\x00\x00", 8),  // Full, shorter than its own fields,
      Bytes("\x2b\x00\x00\x00\x00\x00\x00\x00", 8),  // no whole words,
      Bytes("\x54\x00\x00\x80\x00\x00\x00\x00", 8),  // and with a bit that asks for a quick ack.
  };
  Client client({"", Framing::kFull, false}, random);
  client.send(payload(104));
  for (const std::size_t at : {0u + 8, 30u, 111u}) {  // A changed payload, and a changed CRC.
    cases.push_back(client.sent);
    cases.back()[at] = static_cast<char>(cases.back()[at] ^ 1);
  }
  Client second({"", Framing::kFull, false}, random);
  second.send(payload(104));
  cases.push_back(client.sent + second.sent);  // Number 0 twice.
  for (const Bytes& bytes : cases) {
    Transport transport(random, seen, false);
    EXPECT_EQ(feed(transport, bytes, {}).last, Status::kClose) << to_hex(View(bytes).substr(0, 16));
  }
}

TEST_F(Wire, A06_PaddingIsCut) {
  for (std::size_t padding = 0; padding < 16; ++padding) {
    for (const std::int64_t auth_key_id : {0, 77}) {
      const Bytes packet = payload(104, auth_key_id);
      Bytes bytes = "\xdd\xdd\xdd\xdd";
      append_le(bytes, static_cast<std::uint32_t>(packet.size() + padding));
      bytes += packet + random.bytes(padding);
      Transport transport(random, seen, false);
      EXPECT_EQ(feed(transport, bytes, {}).payloads, std::vector{packet}) << padding;
    }
  }
}

TEST_F(Wire, A08_ErrorsAndAnswersComeInTheClientsFraming) {
  for (const Variant& variant : kVariants) {
    SCOPED_TRACE(variant.name);
    Client client(variant, random);
    client.send(payload(104));
    Transport transport(random, seen, false);
    feed(transport, client.sent, {});
    Bytes out;
    const std::vector<Bytes> answers = {payload(104), payload(72), payload(24 + 16 * 100)};
    for (const Bytes& answer : answers) {
      transport.begin(out, answer.size());
      out += answer;
      transport.end(out);
    }
    transport.error(out, TransportError::kNotFound);

    if (client.obfuscation) client.obfuscation->in.apply(out);
    Input input;
    input.add(out);
    FrameReader reader(variant.framing, Side::kClient);
    reader.raise_limit(1 << 20);
    for (const Bytes& answer : answers) {
      const auto next = reader.next(input);
      ASSERT_EQ(next.status, FrameReader::Status::kFrame);
      EXPECT_EQ(Bytes(next.frame.payload.data(), next.frame.payload.size()), answer);
      reader.release(input);
    }
    const auto next = reader.next(input);
    ASSERT_EQ(next.status, FrameReader::Status::kFrame);
    EXPECT_EQ(to_hex({next.frame.payload.data(), 4}), "6cfeffff");
  }
}

TEST_F(Wire, A12_QuickAcksAreAskedForAndGiven) {
  for (const Variant& variant : kVariants) {
    if (variant.framing == Framing::kFull) continue;
    SCOPED_TRACE(variant.name);
    Client client(variant, random);
    client.send(payload(104), true);
    client.send(payload(1016), true);
    client.send(payload(104), false);
    Transport transport(random, seen, false);
    EXPECT_EQ(feed(transport, client.sent, {}).acks, (std::vector{true, true, false}));

    Bytes out;
    transport.quick_ack(out, 0x80123456);
    if (client.obfuscation) client.obfuscation->in.apply(out);
    EXPECT_EQ(to_hex(out), variant.framing == Framing::kAbridged ? "80123456" : "56341280");
    Input input;
    input.add(out);
    const auto next = FrameReader(variant.framing, Side::kClient).next(input);
    EXPECT_EQ(next.status, FrameReader::Status::kAck);
    EXPECT_EQ(next.ack, 0x80123456);
  }
}

}  // namespace helio::mtproto
