// net/http/test_frames.h: for tests: what a WebSocket client sends, and how it reads what a server sends.
#pragma once
#include <gtest/gtest.h>

#include <vector>

#include "net/http/web_socket_frames.h"

namespace helio::net::http {

// Any first byte: 0x80 is the last frame of a message; then the opcode.
inline Bytes client_frame(unsigned start, View payload, View mask = "\x12\xfe\x80\x07") {
  Bytes frame;
  append_frame_header(frame, Opcode::kBinary, payload.size());
  frame[0] = static_cast<char>(start);
  frame[1] = static_cast<char>(frame[1] | 0x80);
  frame += mask;
  for (std::size_t i = 0; i < payload.size(); ++i) frame += static_cast<char>(payload[i] ^ mask[i % 4]);
  return frame;
}

struct ServerFrame {
  unsigned start = 0;
  Bytes payload;
  friend bool operator==(const ServerFrame&, const ServerFrame&) = default;
};

// The whole frames at the beginning of `bytes`; a mask or a reserved bit fails the test.
inline std::vector<ServerFrame> server_frames(View bytes) {
  std::vector<ServerFrame> frames;
  while (bytes.size() >= 2) {
    const auto* const at = reinterpret_cast<const unsigned char*>(bytes.data());
    EXPECT_EQ(at[0] & 0x70, 0);
    EXPECT_LT(at[1], 128);
    const std::size_t header = at[1] < 126 ? 2 : at[1] == 126 ? 4 : 10;
    if (bytes.size() < header) break;
    const std::uint64_t size = header == 2   ? at[1]
                               : header == 4 ? load_be<std::uint16_t>(at + 2)
                                             : load_be<std::uint64_t>(at + 2);
    if (bytes.size() - header < size) break;
    frames.push_back({at[0], Bytes(bytes.substr(header, size))});
    bytes.remove_prefix(header + size);
  }
  return frames;
}

}  // namespace helio::net::http
