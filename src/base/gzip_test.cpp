#include "base/gzip.h"

#include <gtest/gtest.h>

namespace helio {

TEST(Gzip, ReturnsWhatWasPacked) {
  for (const std::size_t size : {0u, 1u, 1000u, 300000u}) {
    const Bytes plain(size, 'x');
    EXPECT_EQ(gunzip(gzip(plain), 1 << 20), plain);
  }
}

TEST(Gzip, TakesZlibStreamsToo) {
  const auto packed = from_hex("789ccb48cdc9c907000 62c0215");  // "hello", as TDLib packs.
  ASSERT_TRUE(packed);
  EXPECT_EQ(gunzip(*packed, 100), "hello");
}

TEST(Gzip, RefusesBombsCutsAndTails) {
  const Bytes packed = gzip(Bytes(10 << 20, '\0'));
  EXPECT_FALSE(gunzip(packed, 4 << 20));
  EXPECT_TRUE(gunzip(packed, 10 << 20));
  EXPECT_FALSE(gunzip(View(packed).substr(0, packed.size() - 1), 10 << 20));
  EXPECT_FALSE(gunzip(packed + "x", 10 << 20));
  EXPECT_FALSE(gunzip("", 100));
  EXPECT_FALSE(gunzip("not packed", 100));
}

}  // namespace helio
