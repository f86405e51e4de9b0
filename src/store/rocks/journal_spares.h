// store/rocks/journal_spares.h: segment files that are ready for use, and the thread that makes them.
//
// Why:     a new segment is written through with zeros and flushed, which takes a tenth of a second and more; a commit
//          should not wait for it.
// Spare:   a file of the full size named NUMBER.spare; what is in it does not matter. It is ready only when the
//          directory has been flushed under that name, so that no file can turn up under the name of a segment it was,
//          after its header has been overwritten.
// Full:    a spare that finds no room is removed again; the next take() tries again.
// Errors:  what fails on the thread is thrown by the next call: JournalFailed.
// Threads: all calls from one thread. `reached` is called on the thread of its own.
#pragma once
#include <condition_variable>
#include <deque>
#include <functional>
#include <mutex>
#include <optional>
#include <thread>
#include <vector>

#include "store/rocks/journal_files.h"

namespace helio::store::rocks::journal {

inline constexpr std::string_view kSegmentEnd = ".seg", kSpareEnd = ".spare";
inline constexpr std::string_view kSpareInTheMaking = "spare.making";

// 16 hex digits and `end`: names order as their numbers do.
std::string numbered(std::uint64_t number, std::string_view end);
std::optional<std::uint64_t> number_in(std::string_view name, std::string_view end);

class Spares {
 public:
  struct Options {
    std::size_t size = 0;  // Of each file.
    std::size_t keep = 0;  // Released files kept at most.
    std::function<void(View point)> reached = nullptr;
  };
  // `found`: names of files that look like spares; those that are none, or too many, are removed.
  Spares(const Directory& directory, Options options, const std::vector<std::string>& found);
  ~Spares();

  // The name of a file to be renamed, the caller's from now on; waits for it. nullopt: the disk has no room.
  std::optional<std::string> take();
  // Takes back what was not renamed.
  void give_back(std::string name);
  // One will be needed soon.
  void prepare();
  // These segments are needed no more.
  void retire(std::vector<std::string> names);

 private:
  void ask();
  void run();
  void recycle(const std::vector<std::string>& names);
  void make();
  std::string next_name() { return numbered(next_++, kSpareEnd); }
  void reached(View point) const;

  const Directory& directory_;
  const Options options_;

  std::mutex mutex_;
  std::condition_variable asked_, answered_;
  std::deque<std::string> ready_;
  std::vector<std::string> retired_;
  bool wanted_ = false;   // One is to be made when none is ready.
  bool refused_ = false;  // The last one found no room.
  bool stopped_ = false;
  std::exception_ptr failed_;

  std::uint64_t next_ = 1;  // The thread's own.
  std::thread thread_;      // From the first question on.
};

}  // namespace helio::store::rocks::journal
