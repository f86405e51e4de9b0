// net/tcp_stream.h: a ByteStream over a TCP socket.
#pragma once
#include "net/byte_stream.h"

namespace helio::net {

using TcpSocket = asio::basic_stream_socket<asio::ip::tcp, Executor>;

// Takes a connected socket, which it makes non-blocking and sends without delay (TCP_NODELAY).
std::unique_ptr<ByteStream> make_tcp_stream(TcpSocket socket);

// Connects to `to`; nullptr when nobody answers there. Runs on the calling core.
Task<std::unique_ptr<ByteStream>> connect_tcp(Endpoint to);

}  // namespace helio::net
