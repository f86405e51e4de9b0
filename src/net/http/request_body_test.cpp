#include "net/http/request_body.h"

#include <gtest/gtest.h>

namespace helio::net::http {

namespace {

constexpr std::size_t kSizeMax = 20;

struct Outcome {
  Bytes body;
  std::size_t taken = 0;
  bool whole = false;
  int refusal = 0;
  friend bool operator==(const Outcome&, const Outcome&) = default;
};

Outcome feed(const RequestHead& head, View bytes, std::size_t piece) {
  RequestBody body(head, kSizeMax);
  Outcome outcome;
  for (std::size_t at = 0; at < bytes.size(); at += piece) outcome.taken += body.take(bytes.substr(at, piece));
  outcome.whole = body.is_whole() && body.refusal() == 0;
  outcome.refusal = body.refusal();
  outcome.body = body.release();
  return outcome;
}

Outcome outcome_of(const RequestHead& head, View bytes) {
  const Outcome whole = feed(head, bytes, bytes.size() + 1);
  for (std::size_t piece = 1; piece < bytes.size(); ++piece) {
    const Outcome cut = feed(head, bytes, piece);
    EXPECT_EQ(cut.refusal, whole.refusal) << piece;
    EXPECT_TRUE(whole.refusal != 0 || cut == whole) << piece << " of " << bytes;
  }
  return whole;
}

RequestHead of_length(std::uint64_t length) {
  RequestHead head;
  head.content_length = length;
  return head;
}

RequestHead in_chunks() {
  RequestHead head;
  head.chunked = true;
  return head;
}

}  // namespace

TEST(RequestBody, EndsWhereItsLengthSays) {
  EXPECT_EQ(outcome_of(of_length(5), "helloGET"), (Outcome{"hello", 5, true, 0}));
  EXPECT_EQ(outcome_of(of_length(0), "GET"), (Outcome{"", 0, true, 0}));
  EXPECT_EQ(outcome_of(RequestHead(), "GET"), (Outcome{"", 0, true, 0}));
  EXPECT_EQ(outcome_of(of_length(5), "hell"), (Outcome{"hell", 4, false, 0}));
  EXPECT_EQ(RequestBody(of_length(kSizeMax), kSizeMax).refusal(), 0);
  EXPECT_EQ(RequestBody(of_length(kSizeMax + 1), kSizeMax).refusal(), 413);
}

TEST(RequestBody, IsPutTogetherFromItsChunks) {
  EXPECT_EQ(outcome_of(in_chunks(), "3\r\nabc\r\n00000002\r\nde\r\n0\r\n\r\nGET"), (Outcome{"abcde", 27, true, 0}));
  EXPECT_EQ(outcome_of(in_chunks(), "A\r\n0123456789\r\na\r\n0123456789\r\n0\r\n\r\n").refusal, 0);
  EXPECT_FALSE(outcome_of(in_chunks(), "3\r\nabc\r\n0\r\n").whole);
}

TEST(RequestBody, RefusesChunksThatCouldBeReadInTwoWays) {
  struct Case {
    std::string_view text;
    int refusal;
  };
  for (const auto& [text, refusal] : {Case{"3\nabc\r\n0\r\n\r\n", 400},
                                      {"3\r\nabc\n0\r\n\r\n", 400},
                                      {"3\r\nabcd\r\n", 400},
                                      {"3;a=b\r\nabc\r\n", 400},
                                      {"3 \r\nabc\r\n", 400},
                                      {"0x3\r\nabc\r\n", 400},
                                      {"-3\r\nabc\r\n", 400},
                                      {"\r\n", 400},
                                      {"000000003\r\nabc\r\n", 400},
                                      {"0\r\nA: b\r\n\r\n", 400},
                                      {"0\r\n\n", 400},
                                      {"15\r\n", 413},
                                      {"ffffffff\r\n", 413},
                                      {"A\r\n0123456789\r\nb\r\n", 413}}) {
    EXPECT_EQ(outcome_of(in_chunks(), text).refusal, refusal) << text;
  }
}

}  // namespace helio::net::http
