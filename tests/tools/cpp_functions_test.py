# SPDX-License-Identifier: Apache-2.0
"""The function finder behind ./dev shape, on the kinds of code this project has."""

import sys
import unittest
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[2] / "tools"))
from cpp_functions import functions


def found(text: str) -> list[tuple[str, int]]:
    return [(f.name, f.length) for f in functions(text)]


class FunctionsTest(unittest.TestCase):
    def test_a_function_counts_from_its_signature_to_its_brace(self):
        self.assertEqual(
            found("// why\nint twice(\n    int a) {\n\n  return 2 * a;\n}\n"), [("twice", 5)]
        )

    def test_members_inside_namespaces_and_classes_are_found(self):
        text = """
namespace holdfast::lock {
class Queue final : public Base<int> {
 public:
  Queue() = default;
  std::size_t size() const { return size_; }
  bool operator==(const Queue& other) const {
    return size_ == other.size_;
  }
 private:
  std::size_t size_{0};
};
enum class Verdict : std::uint8_t { grant, wait };
void Queue::grant(Mode mode) noexcept {
  enqueue(mode);
}
}  // namespace holdfast::lock
"""
        self.assertEqual(found(text), [("size", 1), ("operator_", 3), ("Queue::grant", 3)])

    def test_lambdas_and_local_types_belong_to_the_function_around_them(self):
        text = """
void outer() {
  struct Local { int f() { return 1; } };
  auto inner = [&](int a) {
    if (a) { use(a); }
  };
  for (;;) { inner({.from = 1, .to = 2}); }
}
"""
        self.assertEqual(found(text), [("outer", 7)])

    def test_constructors_with_braced_members_are_one_function(self):
        text = "Mutex::Mutex(int fd)\n    : Base<int>{1}, fd_{fd}, owner_(none), name_{} {\n  open();\n}\n"
        self.assertEqual(found(text), [("Mutex::Mutex", 4)])
        self.assertEqual(found("A::A() : a_(1), b_(2) {}\n"), [("A::A", 1)])

    def test_initializers_are_no_functions(self):
        text = """
inline constexpr std::array<Row, rows(6)> table{{
    {1, 1},
}};
static constexpr std::tuple fields{&A::a, &A::b};
const Limits limits = make(Part{1}, Part{2});
int numbers[] = {1'000, 2};
template <class T> concept Small = requires(T t) { t.size(); };
"""
        self.assertEqual(found(text), [])

    def test_a_table_built_by_a_lambda_is_a_function(self):
        self.assertEqual(found("constexpr auto table = [] {\n  return 1;\n}();\n"), [("table", 3)])

    def test_templates_attributes_and_trailing_returns_do_not_confuse(self):
        text = """
template <class T, class = std::enable_if_t<(sizeof(T) > 1)>>
[[nodiscard]] auto get(const T& t) -> std::vector<int> {
  return t;
}
template <class T>
  requires(sizeof(T) == 4)
decltype(auto) put(T t) noexcept(noexcept(t.x())) {
  return t;
}
alignas(64) int x;
struct alignas(64) Line { int y; };
explicit operator bool() const { return true; }
extern "C" { int c_entry(void) { return 0; } }
extern "C" int other_entry(void) { return 0; }
"""
        names = [name for name, _ in found(text)]
        self.assertEqual(names, ["get", "put", "bool", "c_entry", "other_entry"])

    def test_braces_in_text_comments_and_directives_are_ignored(self):
        text = """
#define OPEN {
const char* brace() { return "{" R"x(}}})x" "\\"{"; }  // {
char quote() { return '{'; }
/* { */
#if defined(A)
void either(int a) {
#else
void either(long a) {
#endif
}
"""
        self.assertEqual([name for name, _ in found(text)], ["brace", "quote", "either"])

    def test_tests_are_named_by_suite_and_sentence(self):
        self.assertEqual(
            found("TEST(Mode, laws_hold) {\n  EXPECT_TRUE(x);\n}\n"), [("TEST(Mode, laws_hold)", 3)]
        )


if __name__ == "__main__":
    unittest.main()
