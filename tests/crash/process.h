// tests/crash/process.h: one life of the victim, from its start to its death, and the socket to it.
//
// Whatever happens to the driver, the victim dies with it. Threads: one.
#pragma once
#include <sys/types.h>

#include <chrono>
#include <filesystem>
#include <vector>

#include "protocol.h"

namespace helio::crash {

struct VictimCommand {
  std::filesystem::path program;
  std::filesystem::path directory;      // Of the store.
  std::filesystem::path log;            // What it prints is appended here.
  std::vector<Bytes> environment = {};  // NAME=value, beside the driver's own.
  std::vector<Bytes> arguments = {};
};

class VictimProcess {
 public:
  explicit VictimProcess(const VictimCommand& command);
  VictimProcess(const VictimProcess&) = delete;
  ~VictimProcess();  // kill().

  void ask(Ask kind, std::uint64_t number, Bytes fields = {});  // Queued; hear() sends.
  // Sends what is queued and receives what has come within `wait`. False: the victim closed the socket, and `frames`
  // has the last that it said.
  bool hear(std::chrono::milliseconds wait, std::vector<Frame>& frames);
  std::size_t unsent() const { return out_.size() - out_at_; }

  std::chrono::nanoseconds processor_time() const;  // What all its threads have used.
  std::size_t memory() const;                       // Resident bytes.

  void kill();  // SIGKILL; the answers that were sent before can still be heard.
  // Waits for the end, at most `wait`, then kills. The exit code, or minus the signal's number.
  int wait_for_end(std::chrono::milliseconds wait);

 private:
  void receive(std::vector<Frame>& frames);

  pid_t pid_ = -1;
  int socket_ = -1;
  int ended_ = 0;
  bool closed_ = false;
  Bytes in_, out_;
  std::size_t in_at_ = 0, out_at_ = 0;
};

}  // namespace helio::crash
