// SPDX-License-Identifier: Apache-2.0
// Runs a fuzz target without a fuzzer: over its checked-in corpus, and over some seeded mutations of each
// input, so that `./dev test` notices what the fuzzer would find first. A crash prints the input that broke
// it; a crash that a fuzzer found becomes a file of the corpus.
//
//   NAME_replay DIRECTORY|FILE...
#include <algorithm>
#include <csignal>
#include <cstdio>
#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <string>
#include <unistd.h>
#include <vector>

#include "base/prng.hpp"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size);

namespace {

using Bytes = std::vector<std::uint8_t>;
constexpr int mutations_per_input = 100;

Bytes under_test;

void run(Bytes input) {
  under_test = std::move(input);
  LLVMFuzzerTestOneInput(under_test.data(), under_test.size());
}

// What a signal handler may do: write(2).
void tell_input(int) {
  static constexpr char digits[] = "0123456789abcdef";
  static char text[2 * 4096 + 1];
  std::size_t at = 0;
  for (const std::uint8_t byte : under_test) {
    if (at + 3 > sizeof text) break;
    text[at++] = digits[byte >> 4];
    text[at++] = digits[byte & 15];
  }
  text[at++] = '\n';
  [[maybe_unused]] ssize_t told = ::write(2, "it broke at this input (hex): ", 30);
  told = ::write(2, text, at);
}

Bytes mutated(Bytes bytes, holdfast::Prng& prng) {
  for (std::uint64_t i = prng.between(1, 4); i > 0; --i) {
    const std::size_t at = bytes.empty() ? 0 : prng.below(bytes.size());
    const auto where = bytes.begin() + static_cast<std::ptrdiff_t>(at);
    switch (prng.below(5)) {
      case 0: bytes.insert(where, static_cast<std::uint8_t>(prng.below(256))); break;
      case 1: bytes.resize(at); break;
      case 2:
        if (!bytes.empty()) bytes[at] = static_cast<std::uint8_t>(prng.chance(50) ? 0xff : prng.below(256));
        break;
      case 3:
        if (!bytes.empty()) bytes.erase(where);
        break;
      case 4:
        if (!bytes.empty()) bytes[at] ^= static_cast<std::uint8_t>(1U << prng.below(8));
        break;
    }
  }
  return bytes;
}

std::vector<std::filesystem::path> inputs_of(int argc, char** argv) {
  std::vector<std::filesystem::path> files;
  for (int i = 1; i < argc; ++i) {
    if (!std::filesystem::is_directory(argv[i])) {
      files.emplace_back(argv[i]);
      continue;
    }
    for (const auto& entry : std::filesystem::directory_iterator(argv[i])) files.push_back(entry.path());
  }
  std::sort(files.begin(), files.end());
  return files;
}

}  // namespace

int main(int argc, char** argv) {
  std::signal(SIGABRT, tell_input);
  holdfast::Prng prng(1);
  int count = 0;
  for (const auto& file : inputs_of(argc, argv)) {
    std::ifstream in(file, std::ios::binary);
    const Bytes bytes{std::istreambuf_iterator<char>(in), {}};
    run(bytes);
    for (int i = 0; i < mutations_per_input; ++i) run(mutated(bytes, prng));
    ++count;
  }
  std::printf("%d inputs and %d mutations of each\n", count, mutations_per_input);
  if (count == 0) std::fprintf(stderr, "no inputs: where is the corpus?\n");
  return count == 0 ? 1 : 0;
}
