#include "net/endpoint.h"

#include <gtest/gtest.h>

namespace helio::net {

TEST(Endpoint, ReadsWhatItWrites) {
  for (const auto* text : {"127.0.0.1:4430", "0.0.0.0:0", "[::1]:65535", "[fe80::1]:1"}) {
    const auto endpoint = parse_endpoint(text);
    ASSERT_TRUE(endpoint) << text;
    EXPECT_EQ(to_text(*endpoint), text);
  }
}

TEST(Endpoint, RefusesWhatIsNoAddress) {
  for (const auto* text : {"", "4430", "127.0.0.1", "127.0.0.1:", "127.0.0.1:65536", "127.0.0.1:-1", "127.0.0.1: 1",
                           "localhost:80", "::1:80", "[127.0.0.1]:80", "[::1]", "1.2.3:4", "127.0.0.1:80x"}) {
    EXPECT_FALSE(parse_endpoint(text)) << text;
  }
}

}  // namespace helio::net
