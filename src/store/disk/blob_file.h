// store/disk/blob_file.h: the file of a blob: its content, then checksums (docs/storage.md, "Blobs").
//
// Content is divided into chunks of kChunk bytes. After it come one xxh3 sum (u64) for each chunk, so that a read of a
// part can be checked, and a footer: kMagic (8 bytes), kChunk (u32), 0 (u32), the content's size (u64), the xxh3 of
// the sums (u64). Everything little-endian.
#pragma once
#include "crypto/sha.h"
#include "store/blob.h"
#include "store/disk/file.h"

struct XXH3_state_s;

namespace helio::store::disk {

inline constexpr std::uint64_t kChunk = 64 << 10;
inline constexpr View kMagic = "hgblob1\n";
inline constexpr std::uint64_t kFooter = 32;

// How many bytes of content a file of this length has; nullopt when no blob is that long.
std::optional<std::uint64_t> content_size(std::uint64_t file_size);

// What is computed over content that comes in order: its SHA-256 and the sums of its chunks.
class Digest {
 public:
  Digest();
  void add(View bytes);
  void restart();
  std::uint64_t size() const { return size_; }  // Of what was added.
  BlobId id();                                  // Ends it: restart() before more.
  Bytes trailer();                              // Sums and footer; likewise.

 private:
  struct Free {
    void operator()(XXH3_state_s* state) const;
  };
  void end_chunk();

  crypto::Sha256Pieces sha256_;
  std::unique_ptr<XXH3_state_s, Free> chunk_;
  Bytes sums_;
  std::uint64_t size_ = 0;
};

// Some bytes of the content, checked. Throws StoreDown, which names the file, when they are not what was stored.
Bytes read_content(const File& file, std::uint64_t offset, std::size_t size);

// Reads a whole file bit by bit, so that nobody waits for a long one.
class Verification {
 public:
  explicit Verification(File file) : file_(std::move(file)) {}
  // Reads on for a while: true when it is done. Throws StoreDown when the disk cannot be read.
  bool step();
  // What is wrong with it; empty when it is what `id` says.
  std::string verdict(const BlobId& id);

 private:
  File file_;
  Digest digest_;
};

}  // namespace helio::store::disk
