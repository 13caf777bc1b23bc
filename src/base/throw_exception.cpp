// SPDX-License-Identifier: Apache-2.0
// Boost reports errors through boost::throw_exception. The pure layers are built without exceptions, so
// what Boost would throw there (out of memory, a broken precondition) ends the process instead.
#include <boost/throw_exception.hpp>
#include <cstdio>
#include <cstdlib>

#ifdef BOOST_NO_EXCEPTIONS
namespace boost {

BOOST_NORETURN void throw_exception(const std::exception& error) {
  std::fprintf(stderr, "holdfast: a container failed: %s\n", error.what());
  std::abort();
}

BOOST_NORETURN void throw_exception(const std::exception& error, const boost::source_location&) {
  throw_exception(error);
}

}  // namespace boost
#endif
