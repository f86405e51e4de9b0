#include "net/http/web_socket_frames.h"

#include <gtest/gtest.h>

#include "net/http/test_frames.h"

namespace helio::net::http {

namespace {

constexpr unsigned kLast = 0x80;

struct Outcome {
  Bytes payload;
  std::optional<Bytes> ping;
  std::optional<CloseCode> closed;
  friend bool operator==(const Outcome&, const Outcome&) = default;
};

Outcome feed(View wire, std::size_t first, std::size_t piece) {
  WebSocketDecoder decoder;
  Outcome outcome;
  for (std::size_t at = 0; at < wire.size();) {
    Bytes bytes(wire.substr(at, at == 0 ? first : piece));
    at += bytes.size();
    outcome.payload += View(bytes).substr(0, decoder.decode(bytes));
    if (const auto ping = decoder.take_ping()) outcome.ping = *ping;
  }
  outcome.closed = decoder.closed();
  return outcome;
}

// Cut in two at every byte, and in pieces of every small size, the outcome is the same.
Outcome outcome_of(View wire) {
  const Outcome whole = feed(wire, wire.size(), 1);
  for (std::size_t first = 1; first < wire.size(); ++first) EXPECT_EQ(feed(wire, first, wire.size()), whole) << first;
  for (std::size_t piece = 1; piece < 20; ++piece) EXPECT_EQ(feed(wire, piece, piece), whole) << piece;
  return whole;
}

Bytes counted(std::size_t size) {
  Bytes bytes;
  for (std::size_t i = 0; i < size; ++i) bytes += static_cast<char>(i * 7 + (i >> 8));
  return bytes;
}

}  // namespace

TEST(WebSocketFrames, PayloadIsOneStreamWhateverTheFrames) {
  EXPECT_EQ(outcome_of(client_frame(kLast | 2, "hello") + client_frame(kLast | 2, "") + client_frame(2, "a") +
                       client_frame(0, "") + client_frame(0, "bc", "1234") + client_frame(kLast, "d") +
                       client_frame(kLast | 2, counted(300))),
            (Outcome{"helloabcd" + counted(300), std::nullopt, std::nullopt}));
}

TEST(WebSocketFrames, LengthsHaveThreeForms) {
  for (const std::size_t size : {125, 126, 65535, 65536, 100'001}) {
    const Bytes payload = counted(size);
    const Bytes wire = client_frame(kLast | 2, payload);
    EXPECT_EQ(wire.size() - size, size < 126 ? 6u : size < 65536 ? 8u : 14u);
    for (const std::size_t piece : {7u, 64u, 1000u, 200'000u}) {
      EXPECT_EQ(feed(wire, piece, piece), (Outcome{payload, std::nullopt, std::nullopt})) << size << " by " << piece;
    }
  }
}

TEST(WebSocketFrames, AFrameOfAnyLengthCostsNothingInAdvance) {
  Bytes wire("\x82\xff\x7f\xff\xff\xff\xff\xff\xff\xff\0\0\0\0", 14);
  WebSocketDecoder decoder;
  EXPECT_EQ(decoder.decode(wire), 0u);
  for (int i = 0; i < 3; ++i) {
    Bytes payload = counted(1000);
    EXPECT_EQ(decoder.decode(payload), 1000u);
    EXPECT_EQ(payload, counted(1000));
  }
  EXPECT_FALSE(decoder.closed());
}

TEST(WebSocketFrames, ControlFramesStandBetweenFragments) {
  const Bytes wire = client_frame(2, "ab") + client_frame(kLast | 9, "first") + client_frame(0, "cd") +
                     client_frame(kLast | 10, "a pong") + client_frame(kLast | 9, Bytes(125, 'p')) +
                     client_frame(kLast, "ef");
  EXPECT_EQ(outcome_of(wire), (Outcome{"abcdef", Bytes(125, 'p'), std::nullopt}));
  EXPECT_EQ(outcome_of(client_frame(kLast | 9, "")).ping, Bytes());
}

TEST(WebSocketFrames, ACloseEndsWhatIsRead) {
  struct Case {
    Bytes payload;
    CloseCode code;
  };
  const Bytes normal("\x03\xe8", 2);
  for (const auto& [payload, code] : {Case{"", CloseCode::kNormal},
                                      {normal, CloseCode::kNormal},
                                      {normal + Bytes(123, 'r'), CloseCode::kNormal},
                                      {"\x0f\xa0 by an application", CloseCode::kNormal},
                                      {"x", CloseCode::kProtocolError},
                                      {Bytes("\0\0", 2), CloseCode::kProtocolError},
                                      {"\x03\xe7", CloseCode::kProtocolError},
                                      {"\x03\xec", CloseCode::kProtocolError},
                                      {"\x03\xed", CloseCode::kProtocolError},
                                      {"\x03\xee", CloseCode::kProtocolError},
                                      {"\x03\xf7", CloseCode::kProtocolError},
                                      {"\x13\x88", CloseCode::kProtocolError},
                                      {normal + "\xc3", CloseCode::kInvalidPayload}}) {
    EXPECT_EQ(outcome_of(client_frame(kLast | 2, "a") + client_frame(kLast | 8, payload) +
                         client_frame(kLast | 2, "not read")),
              (Outcome{"a", std::nullopt, code}))
        << payload;
  }
}

TEST(WebSocketFrames, WhatBreaksTheProtocolHasItsCloseCode) {
  Bytes unmasked;
  append_frame_header(unmasked, Opcode::kBinary, 1);
  struct Case {
    Bytes wire;
    CloseCode code;
  };
  std::vector<Case> cases = {
      {client_frame(kLast | 1, "text"), CloseCode::kUnsupportedData},
      {client_frame(1, "text"), CloseCode::kUnsupportedData},
      {unmasked + "a", CloseCode::kProtocolError},
      {client_frame(9, "a ping in fragments"), CloseCode::kProtocolError},
      {client_frame(8, ""), CloseCode::kProtocolError},
      {client_frame(kLast | 9, Bytes(126, 'p')), CloseCode::kProtocolError},
      {client_frame(kLast | 10, Bytes(70'000, 'p')).substr(0, 20), CloseCode::kProtocolError},
      {client_frame(kLast, "nothing was begun"), CloseCode::kProtocolError},
      {client_frame(2, "a") + client_frame(kLast | 2, "b"), CloseCode::kProtocolError},
      {Bytes("\x82\xfe\x00\x7d", 4) + Bytes(200, 'a'), CloseCode::kProtocolError},
      {Bytes("\x82\xff\0\0\0\0\0\0\xff\xff", 10) + Bytes(200, 'a'), CloseCode::kProtocolError},
      {Bytes("\x82\xff\x80\0\0\0\0\0\0\0", 10) + Bytes(200, 'a'), CloseCode::kProtocolError},
  };
  for (const unsigned reserved : {0x10u, 0x20u, 0x40u, 0x70u}) {
    cases.push_back({client_frame(kLast | reserved | 2, "a"), CloseCode::kProtocolError});
    cases.push_back({client_frame(kLast | reserved | 9, "a"), CloseCode::kProtocolError});
  }
  for (const unsigned opcode : {3u, 4u, 5u, 6u, 7u, 11u, 12u, 13u, 14u, 15u}) {
    cases.push_back({client_frame(kLast | opcode, "a"), CloseCode::kProtocolError});
  }
  for (const auto& [wire, code] : cases) {
    const Outcome outcome = outcome_of(client_frame(kLast | 2, "ok") + wire);
    EXPECT_TRUE(outcome.payload.starts_with("ok"));
    EXPECT_EQ(outcome.closed, code) << to_hex(View(wire).substr(0, 20));
  }
}

TEST(WebSocketFrames, TheServersAreWholeAndUnmasked) {
  for (const std::size_t size : {0u, 125u, 126u, 65535u, 65536u}) {
    Bytes bytes;
    append_frame_header(bytes, Opcode::kBinary, size);
    EXPECT_EQ(bytes.size(), size < 126 ? 2u : size < 65536 ? 4u : 10u);
    bytes += counted(size);
    EXPECT_EQ(server_frames(bytes), (std::vector<ServerFrame>{{0x82, counted(size)}}));
  }
  Bytes close;
  append_close_frame(close, CloseCode::kProtocolError);
  EXPECT_EQ(to_hex(close), "880203ea");
}

}  // namespace helio::net::http
