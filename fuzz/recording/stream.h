// recording/stream.h: one recorded connection: its bytes, and the MTProto packets in them.
//
// A file as server.py writes it. Whatever cannot be read ends the packets, never the program: a recording breaks off
// where a process was killed.
#pragma once
#include <filesystem>
#include <optional>
#include <vector>

#include "base/bytes.h"

namespace helio::recording {

struct Chunk {
  bool from_client = false;
  std::int64_t time = 0;  // Nanoseconds since 1970.
  Bytes data;
};

struct Stream {
  std::string name;
  int life = 0;        // Which start of the server.
  std::string port;    // mtproto or http.
  std::string client;  // mtcute, gramjs, ...
  std::vector<Chunk> chunks;

  Bytes sent() const;  // All that the client sent.
};

// nullopt for a name that is none of a stream.
std::optional<Stream> read_stream(const std::filesystem::path& file);

// A packet of MTProto: plain, encrypted, or a transport error.
struct Packet {
  bool from_client = false;
  std::int64_t time = 0;  // When its last byte arrived.
  Bytes payload;
};
// Of every transport: TCP, HTTP, WebSocket.
std::vector<Packet> packets_of(const Stream& stream);

// What an HTTP client sent, apart: the heads of requests, and the WebSocket frames after an upgrade. Empty for others.
struct HttpParts {
  std::vector<Bytes> heads;  // With the empty line at their end.
  Bytes web_socket;
  Bytes payload;  // Of those frames.
};
HttpParts http_parts_of(const Stream& stream);

}  // namespace helio::recording
