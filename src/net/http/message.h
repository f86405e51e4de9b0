// net/http/message.h: one HTTP request and its answer, as handlers see them.
#pragma once
#include <boost/asio/ip/address.hpp>

#include "base/bytes.h"
#include "base/tasks.h"
#include "net/byte_stream.h"

namespace helio::net::http {

struct Request {
  std::string method;  // "GET", "POST", ... as sent.
  std::string target;  // As sent: path and query, still percent-encoded. Foreign bytes.
  Bytes body;
  boost::asio::ip::address remote;
};

struct Response {
  int status = 200;
  std::string content_type = "text/plain; charset=utf-8";
  Bytes body;
};

// What the floor above offers. One object for every core: each call comes on the core of its connection.
class Handler {
 public:
  virtual ~Handler() = default;
  virtual Task<Response> handle(Request request) = 0;

  // Whether a WebSocket may be opened at a path (without its query).
  virtual bool takes_web_socket(View) const { return false; }
  // Takes over one that is open at a path for which that was true.
  virtual void web_socket(std::string, std::unique_ptr<ByteStream>) {}
};

}  // namespace helio::net::http
