#include "server/commands/in_child.h"

#include <signal.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cerrno>
#include <cstring>
#include <iostream>

#include "server/owner_error.h"

namespace helio::server::commands {

namespace {

std::filesystem::path new_folder(const std::filesystem::path& parent) {
  std::string path = (parent / "heliograph-store-bench.XXXXXX").string();
  if (!mkdtemp(path.data())) {
    throw OwnerError("cannot make a folder in " + parent.string() + ": " + std::strerror(errno));
  }
  return path;
}

// What would end this process, unless it was started to ignore that, as nohup does.
sigset_t ends() {
  sigset_t signals;
  sigemptyset(&signals);
  for (const int one : {SIGINT, SIGTERM, SIGHUP}) {
    struct sigaction action {};
    if (sigaction(one, nullptr, &action) == 0 && action.sa_handler != SIG_IGN) sigaddset(&signals, one);
  }
  return signals;
}

int child(const std::filesystem::path& folder, const std::function<int(const std::filesystem::path& folder)>& work) {
  try {
    return work(folder);
  } catch (const std::exception& error) {
    std::cerr << "heliograph: " << error.what() << '\n';
    return 1;
  }
}

// Until the child has ended: its exit code, or 128 and the signal.
int wait_for(pid_t pid, const sigset_t& signals) {
  int ended_by = 0, status = 0;
  for (;;) {
    int signal = 0;
    if (sigwait(&signals, &signal) != 0) continue;
    if (signal != SIGCHLD) {
      ended_by = signal;
      kill(pid, SIGKILL);
    }
    if (waitpid(pid, &status, WNOHANG) == pid && (WIFEXITED(status) || WIFSIGNALED(status))) break;
  }
  constexpr int kSignalled = 128;
  if (ended_by != 0) return kSignalled + ended_by;
  return WIFEXITED(status) ? WEXITSTATUS(status) : kSignalled + WTERMSIG(status);
}

}  // namespace

int in_child(const std::filesystem::path& parent, const std::function<int(const std::filesystem::path& folder)>& work) {
  sigset_t signals = ends(), before;
  sigaddset(&signals, SIGCHLD);
  signal(SIGCHLD, SIG_DFL);
  pthread_sigmask(SIG_BLOCK, &signals, &before);

  const auto folder = new_folder(parent);
  const pid_t pid = fork();
  if (pid == 0) {
    pthread_sigmask(SIG_SETMASK, &before, nullptr);
    prctl(PR_SET_PDEATHSIG, SIGKILL);
    const int code = child(folder, work);
    std::cout.flush();
    _exit(code);
  }
  const int error = errno;
  const int code = pid > 0 ? wait_for(pid, signals) : 1;
  std::error_code ignored;
  std::filesystem::remove_all(folder, ignored);
  pthread_sigmask(SIG_SETMASK, &before, nullptr);
  if (pid < 0) throw OwnerError(std::string("cannot start a process: ") + std::strerror(error));
  return code;
}

}  // namespace helio::server::commands
