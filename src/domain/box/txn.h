// domain/box/txn.h: what a command sees of its box, and how it changes it.
//
// Committed state under a staged overlay: a command sees what the commands before it in the same batch did. Nothing
// waits: an entry that is not in memory throws ReadMiss, which only the box catches; it reads what was missing and runs
// the command again. Keys are those of domain/box/keys.h.
#pragma once
#include <map>
#include <optional>
#include <unordered_map>
#include <vector>

#include "domain/box/ids.h"
#include "domain/box/log.h"
#include "domain/box/record.h"
#include "store/kv.h"
#include "tl/types/records/Counters.h"

namespace helio::tl {
class TypeUpdate;
}

namespace helio::domain {

// The committed part of a box that is in memory: all of one version.
struct BoxMemory {
  struct Rows {
    std::vector<store::Put> rows;
    bool more = false;
  };
  std::uint64_t version = 0;                                // 0: the box does not exist.
  std::unordered_map<Bytes, std::optional<Bytes>> entries;  // nullopt: known to be absent.
  std::map<std::pair<Bytes, Bytes>, Rows> scans;            // By their range.
};

// Thrown by a command's first look at something that is not in memory: read this, then run it again.
struct ReadMiss {
  std::optional<Bytes> key;
  std::optional<store::Scan> scan;
};

class BoxTxn {
 public:
  // `memory` outlives the transaction and holds the counters. `settled`: effects up to there are delivered.
  BoxTxn(View partition, const BoxMemory& memory, std::int32_t settled);

  UserId user() const;  // Whose box it is. Asserts that it is a user's.
  bool exists() const { return memory_.version != 0 || !overlay_.empty(); }

  template <class Record>
  std::optional<Record> find(const Bytes& key) const {
    const Bytes* value = find_bytes(key);
    if (!value) return std::nullopt;
    return record_of<Record>(partition_, key, *value);
  }
  template <class Record>
  Record record(const store::Put& row) const {
    return record_of<Record>(partition_, row.key, row.value);
  }
  bool has(const Bytes& key) const { return find_bytes(key) != nullptr; }

  // The first rows of a range, in key order; `more` when rows were left out. At most `limit` of those committed are
  // read, one limit for one range.
  BoxMemory::Rows scan(const store::Range& range, std::uint32_t limit) const;

  void put(Bytes key, const tl::Object& record);
  void erase(Bytes key);

  // ---- Counters and log (boxes with events) ----
  const tl::record::Counters& counters() const { return counters_; }
  // The next number of the box's sequence, for an event that is logged before the next one is taken.
  std::int32_t next_pts();
  // `now`, or the newest date given before if that is later: dates never go back.
  std::int32_t date(std::int32_t now);
  void add_unread(std::int32_t difference);
  // Appends to the log; feeds and delivery get it after the commit. `message` is that of an eventMessage.
  void log(std::int32_t pts, tl::Box<tl::record::TypeEvent> event, tl::Box<tl::record::TypeMessage> message = {});
  // Tells the sessions of the box's user after the commit, but the one that asked; kept nowhere (domain/box/feed.h).
  void note(tl::Box<tl::TypeUpdate> update);
  // The first pts of a new box; it begins beyond what a box of the same user may have handed out before a restore.
  void begin_counters(std::int32_t pts);
  // Has the cursor of delivered effects written even if nothing else is.
  void write_cursor();

  // ---- For the box ----
  // Before the first command: passes over the numbers that the store has forgotten (domain/box/lost.h).
  void pass_lost_ids(std::uint32_t lost_ids_max);
  struct Event {
    LoggedEvent what;  // pts 0 in a note.
    Origin origin;
    tl::Box<tl::TypeUpdate> note{};
  };
  // From here to the next savepoint() belongs to a command of `origin`, and goes with rollback().
  void savepoint(Origin origin);
  void rollback();
  std::size_t changes() const { return overlay_.size(); }
  std::size_t size() const { return size_; }
  // All changes as one batch, counters included; no puts and erases: there is nothing to commit.
  store::Batch batch() const;
  std::vector<Event> take_events() { return std::move(events_); }

 private:
  using Value = std::optional<Bytes>;  // nullopt: erased.

  const Bytes* find_bytes(const Bytes& key) const;
  void set(Bytes key, Value value);

  Bytes partition_;
  const BoxMemory& memory_;
  std::map<Bytes, Value> overlay_;
  std::size_t size_ = 0;  // Bytes of the overlay.
  tl::record::Counters counters_;
  bool counters_changed_ = false;
  std::uint32_t lost_ids_max_ = 0;
  std::int32_t settled_;
  std::vector<Event> events_;

  // What the current command did, to be taken back.
  struct Undo {
    Bytes key;
    std::optional<Value> before;  // nullopt: it was not in the overlay.
  };
  struct Savepoint {
    Origin origin;
    std::vector<Undo> undo;
    std::size_t size = 0;
    tl::record::Counters counters;
    bool counters_changed = false;
    std::size_t events = 0;
  };
  Savepoint savepoint_;
};

}  // namespace helio::domain
