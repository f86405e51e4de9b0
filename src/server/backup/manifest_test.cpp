#include "server/backup/manifest.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "server/owner_error.h"

namespace helio::server::backup {

namespace {

Manifest sample() {
  Manifest manifest{.number = 7, .taken = 1'700'000'000, .format = 2, .buckets = 256, .sequence = 12345};
  manifest.content = store::rocks::Content{
      .partitions = 10, .pending = 2, .rows = 300, .size = 40'000, .digest = "0123456789abcdef0123456789abcdef"};
  manifest.blobs = 3;
  manifest.blobs_size = 70'000;
  manifest.files = {{"store/meta/7", sum_of_bytes("meta")}, {"backups/00000007/a file", sum_of_bytes("")}};
  return manifest;
}

// With a last line that fits.
std::string sealed(const std::string& lines) {
  return lines + "end " + sum_of_bytes(lines).hash + "\n";
}

std::string complaint(const std::string& text) {
  try {
    parse_manifest(text, "NAME");
  } catch (const OwnerError& error) {
    return error.what();
  }
  return "";
}

}  // namespace

TEST(BackupManifest, ComesBackAsItWas) {
  EXPECT_EQ(parse_manifest(to_text(sample()), "NAME"), sample());
  Manifest quick = sample();
  quick.content.reset();
  EXPECT_EQ(parse_manifest(to_text(quick), "NAME"), quick);
}

TEST(BackupManifest, IsRefusedWhenCutAnywhere) {
  const std::string text = to_text(sample());
  for (std::size_t size = 0; size < text.size(); ++size) {
    EXPECT_THAT(complaint(text.substr(0, size)), testing::HasSubstr("NAME")) << size;
  }
}

TEST(BackupManifest, IsRefusedWhenAnyBitFlipped) {
  const std::string text = to_text(sample());
  for (std::size_t bit = 0; bit < text.size() * 8; ++bit) {
    std::string flipped = text;
    flipped[bit / 8] = static_cast<char>(flipped[bit / 8] ^ (1 << bit % 8));
    EXPECT_THAT(complaint(flipped), testing::HasSubstr("NAME")) << bit;
  }
}

TEST(BackupManifest, OfANewerReleaseSaysSo) {
  EXPECT_THAT(complaint(sealed("heliograph backup 2\nnumber 7\n")), testing::HasSubstr("newer release"));
}

TEST(BackupManifest, NamesNoFileOutsideItsFolder) {
  const std::string hash = sum_of_bytes("").hash;
  for (const auto* path : {"", "/etc/passwd", "../other", "store/../../other", "./a", "a//"}) {
    const std::string text = sealed("heliograph backup 1\nfile 0 " + hash + " " + path + "\n");
    EXPECT_THAT(complaint(text), testing::HasSubstr("not whole")) << path;
  }
  EXPECT_EQ(complaint(sealed("heliograph backup 1\nfile 0 " + hash + " store/meta/1\n")), "");
}

TEST(BackupManifest, RefusesLinesItDoesNotKnow) {
  for (const auto* line : {"colour red", "number", "number x", "number -1", "number 99999999999", "digest 0123", ""}) {
    EXPECT_NE(complaint(sealed(std::string("heliograph backup 1\n") + line + "\n")), "") << line;
  }
}

}  // namespace helio::server::backup
