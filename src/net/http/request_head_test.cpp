#include "net/http/request_head.h"

#include <gtest/gtest.h>

namespace helio::net::http {

namespace {

// The status of the refusal of `bytes`, which no split of them may change; 0 for a request.
int refusal_of(const Bytes& bytes) {
  const HeadRead whole = read_request_head(bytes);
  EXPECT_TRUE(whole.head || whole.refusal != 0) << "not a whole head: " << bytes;
  for (std::size_t size = 0; size < bytes.size(); ++size) {
    const HeadRead part = read_request_head(View(bytes).substr(0, size));
    if (!part.head && part.refusal == 0) continue;
    EXPECT_EQ(part.refusal, whole.refusal) << size << " bytes of " << bytes;
  }
  return whole.refusal;
}

RequestHead head_of(const Bytes& bytes) {
  EXPECT_EQ(refusal_of(bytes), 0) << bytes;
  return read_request_head(bytes).head.value_or(RequestHead());
}

}  // namespace

TEST(RequestHead, IsReadOnceItIsWholeAndNotBefore) {
  const Bytes head =
      "POST /api?a=b HTTP/1.1\r\nHost: x:80\r\ncontent-LENGTH: \t40 \r\nExpect: 100-Continue\r\nAny: \xc3\xa4 "
      "thing\r\n\r\n";
  const Bytes bytes = head + "GET / HTTP/1.1\r\n\r\n";
  for (std::size_t size = 0; size <= bytes.size(); ++size) {
    const HeadRead read = read_request_head(View(bytes).substr(0, size));
    EXPECT_EQ(read.refusal, 0) << size;
    ASSERT_EQ(read.head.has_value(), size >= head.size()) << size;
    if (!read.head) continue;
    EXPECT_EQ(read.head->size, head.size());
    EXPECT_EQ(read.head->method, "POST");
    EXPECT_EQ(read.head->target, "/api?a=b");
    EXPECT_EQ(read.head->content_length, 40);
    EXPECT_FALSE(read.head->chunked);
    EXPECT_TRUE(read.head->keep_alive);
    EXPECT_TRUE(read.head->expects_continue);
    EXPECT_FALSE(read.head->web_socket);
  }
}

TEST(RequestHead, TakesTheFormsOfATarget) {
  struct Case {
    std::string_view line, target;
  };
  for (const auto& [line, target] : {Case{"GET http://1.2.3.4:80/api?x HTTP/1.1", "/api?x"},
                                     {"POST HTTP://host:80/api HTTP/1.1", "/api"},
                                     {"GET http://[::1]:8080 HTTP/1.1", "/"},
                                     {"GET http://host?a=/b HTTP/1.1", "/?a=/b"},
                                     {"OPTIONS * HTTP/1.1", "*"},
                                     {"GET //%00/~ HTTP/1.1", "//%00/~"}}) {
    EXPECT_EQ(head_of(Bytes(line) + "\r\nHost:\r\n\r\n").target, target) << line;
  }
}

TEST(RequestHead, KnowsWhetherTheConnectionGoesOn) {
  struct Case {
    std::string_view text;
    bool keep_alive;
  };
  for (const auto& [text, keep_alive] :
       {Case{"GET / HTTP/1.1\r\nHost: x\r\n", true},
        {"GET / HTTP/1.1\r\nHost: x\r\nConnection: a, CLOSE\r\n", false},
        {"GET / HTTP/1.1\r\nHost: x\r\nConnection: keep-alive\r\nConnection: close\r\n", false},
        {"GET / HTTP/1.1\r\nHost: x\r\nConnection: not-close, closed\r\n", true},
        {"GET / HTTP/1.0\r\n", false},
        {"GET / HTTP/1.0\r\nConnection: Keep-Alive\r\n", true}}) {
    EXPECT_EQ(head_of(Bytes(text) + "\r\n").keep_alive, keep_alive) << text;
  }
}

TEST(RequestHead, TellsWhoAsksForAWebSocket) {
  const Bytes fields = "Host: x\r\nUpgrade: h2c, WebSocket\r\nSec-WebSocket-Key: k\r\nSec-WebSocket-Version: 13\r\n";
  const auto head = head_of("GET / HTTP/1.1\r\nConnection: keep-alive, Upgrade\r\n" + fields +
                            "Sec-WebSocket-Protocol: a, b\r\nSec-WebSocket-Protocol: c\r\n\r\n");
  ASSERT_TRUE(head.web_socket);
  EXPECT_EQ(head.web_socket->key, "k");
  EXPECT_EQ(head.web_socket->version, "13");
  EXPECT_EQ(head.web_socket->protocols, "a, b,c");
  EXPECT_FALSE(head_of("GET / HTTP/1.1\r\n" + fields + "\r\n").web_socket);
  EXPECT_FALSE(head_of("GET / HTTP/1.1\r\nConnection: upgrade\r\nHost: x\r\n\r\n").web_socket);
  EXPECT_FALSE(head_of("GET / HTTP/1.0\r\nConnection: upgrade\r\n" + fields + "\r\n").web_socket);
  EXPECT_EQ(refusal_of("GET / HTTP/1.1\r\n" + fields + "Sec-WebSocket-Key: l\r\n\r\n"), 400);
  EXPECT_EQ(refusal_of("GET / HTTP/1.1\r\n" + fields + "Sec-WebSocket-Version: 13\r\n\r\n"), 400);
}

// Whatever two programs could read in two ways is read by neither.
TEST(RequestHead, RefusesWhatIsNotHttpOrIsAmbiguous) {
  struct Case {
    std::string_view text;
    int refusal;
  };
  constexpr std::string_view kNul("GET /\0 HTTP/1.1\r\nHost: x\r\n\r\n", 29);
  for (const auto& [text, refusal] : {
           Case{"\x16\x03\x01\x02", 400},
           {"\r\nGET / HTTP/1.1\r\nHost: x\r\n\r\n", 400},
           {" GET / HTTP/1.1\r\nHost: x\r\n\r\n", 400},
           {"GET / HTTP/1.1\nHost: x\r\n\r\n", 400},
           {"GET / HTTP/1.1\r\nHost: x\n\r\n", 400},
           {"GET / HTTP/1.1\r\nHost: x\n\n", 400},
           {"GET / HTTP/1.1\r\nHost: x\r\r\n\r\n", 400},
           {"GET / HTTP/1.1\r\nHost: x\r\nA: b\rContent-Length: 3\r\n\r\n", 400},
           {"GET  / HTTP/1.1\r\nHost: x\r\n\r\n", 400},
           {"GET / HTTP/1.1 \r\nHost: x\r\n\r\n", 400},
           {"GET\t/ HTTP/1.1\r\nHost: x\r\n\r\n", 400},
           {"GET /a b HTTP/1.1\r\nHost: x\r\n\r\n", 400},
           {"GET /\r\n\r\n", 400},
           {"G(T / HTTP/1.1\r\nHost: x\r\n\r\n", 400},
           {kNul, 400},
           {"GET /\x80 HTTP/1.1\r\nHost: x\r\n\r\n", 400},
           {"GET /#a HTTP/1.1\r\nHost: x\r\n\r\n", 400},
           {"GET * HTTP/1.1\r\nHost: x\r\n\r\n", 400},
           {"GET a HTTP/1.1\r\nHost: x\r\n\r\n", 400},
           {"CONNECT a:80 HTTP/1.1\r\nHost: x\r\n\r\n", 400},
           {"GET http:///a HTTP/1.1\r\nHost: x\r\n\r\n", 400},
           {"GET http://b@a/ HTTP/1.1\r\nHost: x\r\n\r\n", 400},
           {"GET ftp://a/ HTTP/1.1\r\nHost: x\r\n\r\n", 400},
           {"GET / http/1.1\r\nHost: x\r\n\r\n", 400},
           {"GET / HTTP/1.10\r\nHost: x\r\n\r\n", 400},
           {"GET / HTTP/1.2\r\nHost: x\r\n\r\n", 505},
           {"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n", 505},
           {"GET / HTTP/1.1\r\n\r\n", 400},
           {"GET / HTTP/1.1\r\nHost: x\r\nHost: x\r\n\r\n", 400},
           {"GET / HTTP/1.1\r\nHost: x, y\r\n\r\n", 400},
           {"GET / HTTP/1.1\r\nHost: x/y\r\n\r\n", 400},
           {"GET / HTTP/1.1\r\nHost: x\r\n A: b\r\n\r\n", 400},
           {"GET / HTTP/1.1\r\nHost: x\r\nA: b\r\n\tc\r\n\r\n", 400},
           {"GET / HTTP/1.1\r\n Host: x\r\n\r\n", 400},
           {"GET / HTTP/1.1\r\nHost : x\r\n\r\n", 400},
           {"GET / HTTP/1.1\r\nHost: x\r\n: b\r\n\r\n", 400},
           {"GET / HTTP/1.1\r\nHost: x\r\nA\r\n\r\n", 400},
           {"GET / HTTP/1.1\r\nHost: x\r\nA\x80: b\r\n\r\n", 400},
           {"GET / HTTP/1.1\r\nHost: x\r\nA: \x7f\r\n\r\n", 400},
           {"GET / HTTP/1.1\r\nHost: x\r\nContent-Length: 5\r\nContent-Length: 5\r\n\r\n", 400},
           {"GET / HTTP/1.1\r\nHost: x\r\nContent-Length: 5, 5\r\n\r\n", 400},
           {"GET / HTTP/1.1\r\nHost: x\r\nContent-Length: +5\r\n\r\n", 400},
           {"GET / HTTP/1.1\r\nHost: x\r\nContent-Length: -5\r\n\r\n", 400},
           {"GET / HTTP/1.1\r\nHost: x\r\nContent-Length: 0x5\r\n\r\n", 400},
           {"GET / HTTP/1.1\r\nHost: x\r\nContent-Length: 5 5\r\n\r\n", 400},
           {"GET / HTTP/1.1\r\nHost: x\r\nContent-Length:\r\n\r\n", 400},
           {"GET / HTTP/1.1\r\nHost: x\r\nContent-Length: 18446744073709551616\r\n\r\n", 400},
           {"GET / HTTP/1.1\r\nHost: x\r\nContent-Length: 5\r\nTransfer-Encoding: chunked\r\n\r\n", 400},
           {"GET / HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\nContent-Length: 0\r\n\r\n", 400},
           {"GET / HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\nTransfer-Encoding: chunked\r\n\r\n", 400},
           {"GET / HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked, chunked\r\n\r\n", 501},
           {"GET / HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: gzip, chunked\r\n\r\n", 501},
           {"GET / HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: xchunked\r\n\r\n", 501},
           {"GET / HTTP/1.1\r\nHost: x\r\nTransfer-Encoding:\r\n\r\n", 501},
           {"GET / HTTP/1.0\r\nTransfer-Encoding: chunked\r\n\r\n", 400},
           {"GET / HTTP/1.1\r\nHost: x\r\nExpect: a miracle\r\n\r\n", 417},
       }) {
    EXPECT_EQ(refusal_of(Bytes(text)), refusal) << text;
  }
}

TEST(RequestHead, HasLimitsThatAreExact) {
  const Bytes start = "GET / HTTP/1.1\r\nHost: x\r\nA: ";
  const Bytes full(kHeadMax - start.size() - 4, 'a');
  EXPECT_EQ(read_request_head(start + full + "\r\n\r\n").refusal, 0);
  EXPECT_EQ(read_request_head(start + full + "\r\n\r\n").head->size, kHeadMax);
  EXPECT_EQ(read_request_head(start + full + "a\r\n\r\n").refusal, 431);
  EXPECT_EQ(read_request_head(start + full + "\r\n\r").refusal, 0);
  EXPECT_EQ(read_request_head(start + full + "a\r\n\r").refusal, 431);

  Bytes fields = "GET / HTTP/1.1\r\nHost: x\r\n";
  for (std::size_t i = 1; i < kFieldsMax; ++i) fields += "A: 1\r\n";
  EXPECT_EQ(refusal_of(fields + "\r\n"), 0);
  EXPECT_EQ(refusal_of(fields + "A: 1\r\n\r\n"), 431);
}

}  // namespace helio::net::http
