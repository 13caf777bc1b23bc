// SPDX-License-Identifier: Apache-2.0
// append: takes a lock and appends the lines of its input to a file that checks fencing tokens.
//
// usage: append FILE NAME [MODE]      MODE: EX (the default), PW or CW
//
// It deliberately does not look whether it still holds the lock before it writes. A careful program does, and is still
// too late now and then: it can be stopped between the look and the write. The storage is what cannot be deceived.
#include "fenced_file.hpp"

#include <holdfast/client.hpp>

#include <poll.h>
#include <unistd.h>

#include <array>
#include <cstdio>
#include <string>

namespace {

int failed(const holdfast::Error& error) {
  std::fprintf(stderr, "append: %s\n", error.text().c_str());
  return 1;
}

// Lines of standard input; meanwhile the client is told what its daemon has to say.
class Input {
 public:
  explicit Input(holdfast::Client& client) : client_(client) {}

  // False at the end of the input.
  bool next(std::string& line) {
    while (true) {
      if (const auto end = read_.find('\n'); end != std::string::npos) {
        line = read_.substr(0, end);
        read_.erase(0, end + 1);
        return true;
      }
      std::array<pollfd, 2> polled{{{STDIN_FILENO, POLLIN, 0}, {client_.ended() ? -1 : client_.fd(), POLLIN, 0}}};
      ::poll(polled.data(), polled.size(), -1);
      // A session that ends says so by on_lost; there is nothing else to do about it here.
      if (polled[1].revents != 0) [[maybe_unused]] const auto told = client_.dispatch();
      if (polled[0].revents != 0 && !read_more()) return false;
    }
  }

 private:
  bool read_more() {
    std::array<char, 1024> part{};
    const ssize_t length = ::read(STDIN_FILENO, part.data(), part.size());
    if (length > 0) read_.append(part.data(), static_cast<std::size_t>(length));
    return length > 0;
  }

  holdfast::Client& client_;
  std::string read_;
};

int append_lines(holdfast::Client& client, const holdfast::Lock& lock, fenced_file::FencedFile& file) {
  const fenced_file::Pass pass{.mode = lock.mode(), .token = lock.token()};
  std::printf("granted %s with token %s\n", std::string(name_of(pass.mode)).c_str(), to_text(pass.token).c_str());
  Input input(client);
  for (std::string line; input.next(line);) {
    if (const auto written = file.append(pass, line + "\n"); !written) {
      std::printf("refused: %s\n", written.error().text().c_str());
      return 76;
    }
    std::printf("written: %s\n", line.c_str());
  }
  return 0;
}

}  // namespace

int main(int argc, char** argv) {
  const auto mode = argc > 3 ? holdfast::parse_mode(argv[3]) : holdfast::Mode::EX;
  if (argc < 3 || !mode) {
    std::fputs("usage: append FILE NAME [MODE]      MODE: EX (the default), PW or CW\n", stderr);
    return 2;
  }
  // Whoever reads us wants to know at once.
  std::setvbuf(stdout, nullptr, _IOLBF, 0);
  auto file = fenced_file::FencedFile::open(argv[1]);
  if (!file) return failed(file.error());
  auto client = holdfast::Client::connect({.label = "fenced file example"});
  if (!client) return failed(client.error());
  const auto lock = client->lock(argv[2], *mode, {.on_lost = [](const holdfast::Error& why) {
    std::printf("lost: %s\n", why.text().c_str());
  }});
  if (!lock) return failed(lock.error());
  return append_lines(*client, *lock, *file);
}
