// store/blob.h: files of media: 1 byte to 4 GiB, never changed, named by the SHA-256 of what they contain.
//
// Shape:   a blob is found by its id and read by ranges. It is made through a draft, which takes pieces in any order
//          and becomes a blob at finish(). The same content stored twice exists once.
// Durable: when finish() has answered an id, the blob survives kill -9 and loss of power: only then may a row
//          that names it be committed. A crash before that leaves the whole blob, or a draft, or nothing; never half a
//          blob. The pieces written before a flush() that was answered survive as well, for resume().
// Kept:    the store does not know which rows name a blob; their owner does, and says what to erase. So that a blob
//          that is stored again, or forwarded, while it is being erased never vanishes under a new row:
//            - finish() and renew() *answer* a blob. erase() spares what was answered less than kBlobGrace ago;
//            - whoever commits a row that names a blob does so within kBlobGrace of an answer, or asks for another one
//              first. A row copied from another row needs renew() too: the old row may be gone by now.
//          sweep() erases blobs that no row names, after a day: what a crash left between finish() and the commit.
// Limits:  a blob kBlobSizeMax, a piece and a read kBlobPieceMax each; a larger piece or read is a bug of the caller
//          (asserted). What a client can get wrong is answered kMisfit.
// Errors:  BlobOutcome. A disk that fails, and a file that is damaged, throw StoreDown, which names the file and which
//          no caller handles: the request ends with 500 INTERNAL.
// Damage:  a read never returns bytes that differ from those stored. An engine checks what it reads by checksums, and
//          throws StoreDown for the damaged part; the rest of the blob stays readable. verify() checks it all against
//          the id.
// Cancel:  a cancelled caller gets operation_aborted at once; what it asked for may still happen.
// Threads: any io_context; an answer comes back on the one that asked. The calls on one draft take effect one
//          after the other, in the order they were made.
// Ends:    an engine is destroyed before the io_contexts of its callers. Drafts may outlive it: they throw StoreDown.
// Others:  every engine passes store/blob_conformance.h unchanged.
#pragma once
#include <compare>
#include <functional>
#include <memory>
#include <optional>
#include <vector>

#include "base/clock.h"
#include "crypto/sha.h"
#include "store/kv.h"
#include "store/stretches.h"

namespace helio::store {

inline constexpr std::uint64_t kBlobSizeMax = std::uint64_t{4} << 30;
inline constexpr std::size_t kBlobPieceMax = 1 << 20;
// From the answer that names a blob to the commit of a row that does. Generous: a commit may be tried for minutes.
inline constexpr seconds kBlobGrace{600};
// Age at which leftovers of crashes and of clients that never came back are swept.
inline constexpr seconds kBlobLeftoverAge{24 * 3600};

struct BlobId {
  crypto::Sha256 hash{};
  std::string hex() const;
  bool operator==(const BlobId&) const = default;
  // As unsigned bytes, and so as hex.
  std::strong_ordering operator<=>(const BlobId& other) const {
    return std::memcmp(hash.data(), other.hash.data(), hash.size()) <=> 0;
  }
};
std::optional<BlobId> blob_id_of(View hash);           // 32 bytes, as rows keep them; nullopt for any other length.
std::optional<BlobId> blob_id_of_hex(View lowercase);  // Exactly 64 digits 0-9a-f.

enum class BlobOutcome {
  kDone,
  kNoRoom,  // The quota, the disk's reserve or the disk is used up. Nothing of the call is left behind.
  kBusy,    // Too many drafts are open, or too much waits. Nothing was done; come again.
  kMisfit,  // The pieces make no blob: empty, beyond a size, too scattered; at finish(), not all are there.
  kGone,    // There is no such draft (any more).
};

struct BlobStored {
  BlobOutcome outcome = BlobOutcome::kGone;
  BlobId id = {};
  std::uint64_t size = 0;
};

// A blob in the making. Destroyed before it is finished, it is kept for resume() if it was ever flushed, else removed.
class BlobDraft {
 public:
  virtual ~BlobDraft() = default;
  // For resume(): 32 letters and digits, hard to guess.
  virtual Bytes name() const = 0;
  // Of the pieces for one place the last one counts. One that brings nothing new changes nothing: a client that lost
  // our answer sends it again. After kNoRoom the draft goes on without the piece, unless it would have replaced others:
  // then, as after StoreDown, the draft is gone.
  virtual Task<BlobOutcome> write(std::uint64_t offset, Bytes piece) = 0;
  // What was written before is durable when this is answered kDone, until something else is written in its place.
  virtual Task<BlobOutcome> flush() = 0;
  // Publishes the draft, which then is no more. After kMisfit it waits for more pieces; after kNoRoom and StoreDown it
  // is gone.
  virtual Task<BlobStored> finish() = 0;
  // Removes the draft.
  virtual Task<BlobOutcome> abandon() = 0;
};

struct BlobStarted {
  BlobOutcome outcome = BlobOutcome::kGone;
  std::unique_ptr<BlobDraft> draft = nullptr;  // With kDone.
};

struct BlobInfo {
  BlobId id = {};
  std::uint64_t size = 0;
  Wall answered = {};  // When finish() or renew() last answered it, or later.
};

struct BlobCheck {
  enum { kIntact, kMissing, kDamaged } state = kMissing;
  std::string text;  // When damaged: which file, and what is wrong with it.
};

class Blobs {
 public:
  virtual ~Blobs() = default;

  // With the size that finish() will insist on, where it is known. kDone, kNoRoom, kBusy.
  virtual Task<BlobStarted> start(std::optional<std::uint64_t> size) = 0;
  // A draft of earlier, also of an earlier process, by its name. `there`: what was written and then flushed, as the
  // caller remembers it; everything else counts as not written. kBusy also while the draft is still open.
  virtual Task<BlobStarted> resume(Bytes name, std::optional<std::uint64_t> size, std::vector<Stretch> there) = 0;

  // nullopt where there is no such blob. Fewer bytes than `size` only at its end.
  virtual Task<std::optional<Bytes>> read(BlobId id, std::uint64_t offset, std::size_t size) = 0;
  virtual Task<std::optional<std::uint64_t>> size_of(BlobId id) = 0;
  // True: the blob is there, durable, and stays for kBlobGrace.
  virtual Task<bool> renew(BlobId id) = 0;
  // Reads all of it and compares it with its id. For administration: takes as long as the disk needs.
  virtual Task<BlobCheck> verify(BlobId id) = 0;

  // The blobs whose ids begin with this byte, by id: all are found in 256 steps.
  virtual Task<std::vector<BlobInfo>> list(std::uint8_t first) = 0;
  // Removes a blob that no row names, unless it was answered less than `idle` ago (at least kBlobGrace). True when
  // there is no such blob now.
  virtual Task<bool> erase(BlobId id, seconds idle) = 0;
  // Removes drafts that are not open and had no piece for `idle`; how many.
  virtual Task<std::uint64_t> discard_drafts(seconds idle) = 0;
};

struct BlobSwept {
  std::uint64_t blobs = 0, bytes = 0, drafts = 0;
};
// Erases blobs, not answered for `idle`, that `named` denies, and old drafts. `named` says whether a row names the
// blob; a row committed while it looks need not be seen, since a fresh answer preceded it.
Task<BlobSwept> sweep(Blobs& blobs, Clock& clock, std::function<Task<bool>(BlobId)> named,
                      seconds idle = kBlobLeftoverAge);

}  // namespace helio::store
