#include "process.h"

#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include <fstream>
#include <stdexcept>
#include <thread>

namespace helio::crash {

namespace {

std::vector<char*> pointers(std::vector<Bytes>& texts) {
  std::vector<char*> out;
  for (auto& text : texts) out.push_back(text.data());
  out.push_back(nullptr);
  return out;
}

}  // namespace

VictimProcess::VictimProcess(const VictimCommand& command) {
  int ends[2];
  if (::socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, ends) != 0) throw std::runtime_error("no socket");
  std::vector<Bytes> arguments = {command.program.string(), command.directory.string()};
  arguments.insert(arguments.end(), command.arguments.begin(), command.arguments.end());
  std::vector<Bytes> environment = command.environment;
  for (char** one = environ; *one; ++one) environment.emplace_back(*one);
  const auto argv = pointers(arguments), envp = pointers(environment);
  const int log = ::open(command.log.c_str(), O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC, 0600);

  pid_ = ::fork();
  if (pid_ < 0) throw std::runtime_error("no process");
  if (pid_ == 0) {
    ::prctl(PR_SET_PDEATHSIG, SIGKILL);
    ::dup2(log, STDOUT_FILENO);
    ::dup2(log, STDERR_FILENO);
    // A descriptor that already has the number keeps its close-on-exec mark with dup2: clear it by hand.
    if (ends[1] == kVictimSocket) {
      ::fcntl(kVictimSocket, F_SETFD, 0);
    } else {
      ::dup2(ends[1], kVictimSocket);
    }
    ::execve(argv[0], argv.data(), envp.data());
    ::_exit(127);
  }
  ::close(log);
  ::close(ends[1]);
  socket_ = ends[0];
  ::fcntl(socket_, F_SETFL, O_NONBLOCK);
}

VictimProcess::~VictimProcess() {
  kill();
  wait_for_end(std::chrono::seconds(10));
  ::close(socket_);
}

void VictimProcess::ask(Ask kind, std::uint64_t number, Bytes fields) {
  out_ += encode({static_cast<std::uint8_t>(kind), number, std::move(fields)});
}

void VictimProcess::receive(std::vector<Frame>& frames) {
  // Bounded, so that a victim that says much does not keep the driver from asking.
  for (int turns = 0; turns < 64; ++turns) {
    char buffer[64 << 10];
    const auto got = ::recv(socket_, buffer, sizeof buffer, 0);
    if (got < 0 && (errno == EAGAIN || errno == EINTR)) break;
    if (got <= 0) {
      closed_ = true;
      break;
    }
    in_.append(buffer, static_cast<std::size_t>(got));
  }
  Frame frame;
  while (decode(in_, in_at_, frame)) frames.push_back(std::move(frame));
  in_.erase(0, in_at_);
  in_at_ = 0;
}

bool VictimProcess::hear(std::chrono::milliseconds wait, std::vector<Frame>& frames) {
  if (closed_) return false;
  while (unsent() > 0) {
    const auto sent = ::send(socket_, out_.data() + out_at_, unsent(), MSG_NOSIGNAL);
    if (sent <= 0) break;
    out_at_ += static_cast<std::size_t>(sent);
  }
  if (unsent() == 0) {
    out_.clear();
    out_at_ = 0;
  }
  pollfd watched{socket_, static_cast<short>(unsent() > 0 ? POLLIN | POLLOUT : POLLIN), 0};
  if (::poll(&watched, 1, static_cast<int>(wait.count())) > 0 && (watched.revents & (POLLIN | POLLHUP | POLLERR))) {
    receive(frames);
  }
  return !closed_;
}

std::chrono::nanoseconds VictimProcess::processor_time() const {
  clockid_t clock = 0;
  timespec used = {};
  if (::clock_getcpuclockid(pid_, &clock) != 0 || ::clock_gettime(clock, &used) != 0) return {};
  return std::chrono::seconds(used.tv_sec) + std::chrono::nanoseconds(used.tv_nsec);
}

std::size_t VictimProcess::memory() const {
  std::ifstream in("/proc/" + std::to_string(pid_) + "/statm");
  std::size_t all = 0, resident = 0;
  in >> all >> resident;
  return resident * static_cast<std::size_t>(::sysconf(_SC_PAGESIZE));
}

void VictimProcess::kill() {
  if (pid_ > 0) ::kill(pid_, SIGKILL);
}

int VictimProcess::wait_for_end(std::chrono::milliseconds wait) {
  const auto until = std::chrono::steady_clock::now() + wait;
  while (pid_ > 0) {
    int status = 0;
    if (::waitpid(pid_, &status, WNOHANG) == pid_) {
      ended_ = WIFEXITED(status) ? WEXITSTATUS(status) : -WTERMSIG(status);
      pid_ = -1;
    } else if (std::chrono::steady_clock::now() > until) {
      kill();
      ::waitpid(pid_, &status, 0);
      ended_ = -SIGKILL;
      pid_ = -1;
    } else {
      std::this_thread::sleep_for(std::chrono::milliseconds(1));
    }
  }
  return ended_;
}

}  // namespace helio::crash
