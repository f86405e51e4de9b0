#include "base/random.h"

#include <gtest/gtest.h>
#include <sys/wait.h>
#include <unistd.h>

#include <set>

namespace helio {

// Small pieces come from a block that is fetched ahead, so that is where a repeat would show.
TEST(Random, C19_NoBytesComeTwice) {
  SystemRandom random;
  std::set<Bytes> seen;
  for (const std::size_t size : {8, 16, 256, 257, 1000}) {
    for (int i = 0; i < 200; ++i) EXPECT_TRUE(seen.insert(random.bytes(size)).second) << size;
  }
}

TEST(Random, C19_AChildDoesNotGoOnWithItsParentsBytes) {
  SystemRandom random;
  random.bytes(16);  // The rest of a block waits.
  int ends[2];
  ASSERT_EQ(pipe(ends), 0);
  const pid_t child = fork();
  ASSERT_GE(child, 0);
  if (child == 0) {
    const Bytes bytes = random.bytes(16);
    _exit(write(ends[1], bytes.data(), bytes.size()) == 16 ? 0 : 1);
  }
  Bytes of_child(16, '\0');
  EXPECT_EQ(read(ends[0], of_child.data(), of_child.size()), 16);
  int status = -1;
  EXPECT_EQ(waitpid(child, &status, 0), child);
  EXPECT_EQ(status, 0);
  EXPECT_NE(random.bytes(16), of_child);
  close(ends[0]);
  close(ends[1]);
}

}  // namespace helio
