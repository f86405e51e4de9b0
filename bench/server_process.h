// bench/server_process.h: what the system says about the server that is being measured.
//
// Source: proc(5). A process that is not there, or not ours to look at, ends the program.
#pragma once
#include <string>

namespace helio::bench {

[[noreturn]] void give_up(const std::string& why);

class ServerProcess {
 public:
  explicit ServerProcess(int pid);

  double cpu_seconds() const;  // User and system, of all its threads.
  double resident_kib() const;
  double private_kib() const;      // Of the resident memory, what belongs to no file: mostly the heap.
  std::size_t open_files() const;  // Sockets among them.

 private:
  double rollup(const std::string& field) const;

  std::string folder_;
};

}  // namespace helio::bench
