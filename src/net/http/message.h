// net/http/message.h: one HTTP request and its answer, as handlers see them.
#pragma once
#include <boost/asio/ip/address.hpp>

#include "base/bytes.h"
#include "base/tasks.h"

namespace helio::net::http {

struct Request {
  std::string method;  // "GET", "POST", ... upper case.
  std::string target;  // As sent: path and query, still percent-encoded. Foreign bytes.
  Bytes body;
  boost::asio::ip::address remote;
};

struct Response {
  int status = 200;
  std::string content_type = "text/plain; charset=utf-8";
  Bytes body;
};

// What the floor above offers. One object for every core: handle() runs on the core of its connection.
class Handler {
 public:
  virtual ~Handler() = default;
  virtual Task<Response> handle(Request request) = 0;
};

}  // namespace helio::net::http
