// tests/crash/session.h: one life of the victim as the driver sees it: opening, checking everything, working, dying.
//
// Work: as many requests in flight as the window has room for; of one box at most one commit, as store/kv.h asks of its
//       callers, and now and then a read beside it. A private message is a chain: the sender's box, then the
//       recipient's, then the sender's again.
// Threads: one.
#pragma once
#include <deque>
#include <functional>
#include <set>

#include "process.h"
#include "workload.h"

namespace helio::crash {

// What was found wrong; printed as it comes.
class Complaints {
 public:
  void add(const std::string& complaint);  // Nothing for an empty one.
  std::size_t count() const { return count_; }

 private:
  std::size_t count_ = 0;
};

struct Opening {
  enum { kOpened, kRefused, kDied } state = kDied;
  std::string refusal;
  std::chrono::milliseconds took{0};
};

class Session {
 public:
  // All of these outlive it.
  Session(const VictimCommand& command, Truth& truth, Workload& workload, Random& random, Complaints& complaints);

  Opening open(std::chrono::milliseconds patience = std::chrono::seconds(60));

  struct Checked {
    std::size_t partitions = 0, rows = 0, blobs = 0;
    std::size_t down = 0;  // Answers 'the store could not read this'; a complaint unless they are allowed.
    std::vector<std::string> down_texts = {};  // The different ones.
    bool finished = false;
  };
  // Compares everything with the truth, and settles what was unanswered.
  Checked check(bool may_be_down);

  // Works until `enough`, or the victim's death, which it answers with false.
  bool work(std::size_t window, const std::function<bool()>& enough);
  // Stops asking, and waits for what is in flight. False: the victim died.
  bool drain();

  void ask(Ask kind, Bytes fields) { victim_.ask(kind, truth_.next_number(), std::move(fields)); }
  void begin_backup(Bytes directory);  // Into a folder; it goes on while other things are done.
  void kill();                         // And hears the last answers.
  // The exit code of a victim that ends by itself, or minus its signal.
  int wait_for_end(std::chrono::milliseconds patience);
  bool dead() const { return dead_; }
  const VictimProcess& victim() const { return victim_; }

  // Since the session began.
  struct Counts {
    std::size_t acknowledged = 0, backups = 0, unavailable = 0, conflicts = 0, reads = 0, blobs = 0, down = 0;
  };
  const Counts& counts() const { return counts_; }
  std::size_t unanswered() const;  // Commits.
  const std::set<Bytes>& points() const { return points_; }
  // Writes may be answered 'unavailable', and reads 'down', from here on: a fault is being injected.
  void expect_faults() { faulty_ = true; }

 private:
  enum class Kind { kCommit, kStale, kScan, kGet, kPending, kPutBlob, kGetBlob, kListBlobs, kBackup };
  enum class Step { kNone, kCopy, kDelivered };
  struct Waiting {
    Kind kind = Kind::kCommit;
    Bytes partition = {};
    Step next = Step::kNone;  // Of a chain, after this commit.
    Bytes peer = {};
    store::Scan scan = {};
    std::vector<Bytes> keys = {};
    std::uint32_t bucket = 0;
    Value blob = {};
  };
  struct Link {
    Step step;
    Bytes partition, peer;
  };

  bool pump(std::chrono::milliseconds wait);
  void heard(const Frame& frame);
  void answered(const Frame& frame, Waiting waiting);
  void answered_commit(const Frame& frame, const Waiting& waiting);
  void answered_page(Reader in, const Waiting& waiting);
  void answered_down(const std::string& text, const Waiting& waiting);
  void compare_pending(const std::vector<Bytes>& names, std::uint32_t bucket);
  void next_check();
  void fill(std::size_t window);
  void begin_any();
  void begin(const Link& link);
  void begin_commit(Waiting waiting, const Change& change);
  void begin_scan(Waiting waiting);
  void begin_read_beside(const Bytes& partition);
  void wait_for(Ask ask, Waiting waiting, Bytes fields);
  void free(const Bytes& partition);
  void died();

  Truth& truth_;
  Workload& workload_;
  Random& random_;
  Complaints& complaints_;
  const std::chrono::steady_clock::time_point started_;
  VictimProcess victim_;
  bool dead_ = false, faulty_ = false;
  std::map<std::uint64_t, Waiting> waiting_;
  std::map<Bytes, int> busy_;  // Partitions: how much is in flight of each.
  // Answers to commits that wait until the read beside them is answered too.
  std::map<Bytes, std::pair<Frame, Waiting>> held_;
  std::set<Bytes> read_beside_;
  std::deque<Link> links_;  // Bounded: every chain has one, and chains begin only while there is room.
  std::vector<Frame> frames_;
  std::optional<Opening> opening_;
  Counts counts_;
  // The check under way: what is still to be asked.
  bool checking_ = false, may_be_down_ = false;
  Checked checked_;
  std::deque<Bytes> partitions_left_, blobs_left_;
  bool listed_blobs_ = false;
  std::set<Bytes> points_;
  std::chrono::steady_clock::time_point heard_last_;
};

}  // namespace helio::crash
