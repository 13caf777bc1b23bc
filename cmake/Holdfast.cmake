# SPDX-License-Identifier: Apache-2.0
#
# The four ways to make a target: holdfast_library, holdfast_program, holdfast_test, holdfast_fuzz.
# They carry the rules a folder must not be able to forget: flags, include roots, purity, where
# the result lands. Which folder may see which is checked by tools/check_layers.py; what is linked
# here repeats it, so that a forbidden arrow fails twice.

include_guard(GLOBAL)
include(GNUInstallDirs)

set(HOLDFAST_SANITIZE "" CACHE STRING "value for -fsanitize=, empty for none")
option(HOLDFAST_COVERAGE "count executed lines (gcov)" OFF)
option(HOLDFAST_FUZZ "instrument libraries for libFuzzer and build fuzz targets (clang)" OFF)
option(HOLDFAST_WARNINGS_ARE_ERRORS "refuse code that warns" ON)

# No exceptions, no clock, no thread: tools/check_layers.py holds the same list.
set(holdfast_pure_folders base model lock wire cluster session node)

# The simulator can switch mistakes on in these (src/base/planted.hpp): it links variants of them, hf_<folder>_planted.
set(holdfast_planted_folders lock cluster node)

set(CMAKE_CXX_STANDARD 20)
set(CMAKE_CXX_STANDARD_REQUIRED ON)
set(CMAKE_CXX_EXTENSIONS OFF)
set(CMAKE_CXX_VISIBILITY_PRESET hidden)
set(CMAKE_VISIBILITY_INLINES_HIDDEN ON)
# Our static libraries end up inside the drop-in shared libraries too.
set(CMAKE_POSITION_INDEPENDENT_CODE ON)
set(CMAKE_EXPORT_COMPILE_COMMANDS ON)

# No NDEBUG: HF_ASSERT does not look at it, but Boost's safe-link checks do, and they stay on.
set(CMAKE_CXX_FLAGS_RELEASE "-O2 -g1")
if(HOLDFAST_SANITIZE OR HOLDFAST_FUZZ)
  set(CMAKE_CXX_FLAGS_DEBUG "-O1 -g1")
else()
  set(CMAKE_CXX_FLAGS_DEBUG "-O0 -g")
endif()

set(CMAKE_RUNTIME_OUTPUT_DIRECTORY "${CMAKE_BINARY_DIR}/bin")
set(CMAKE_LIBRARY_OUTPUT_DIRECTORY "${CMAKE_BINARY_DIR}/lib")
set(CMAKE_ARCHIVE_OUTPUT_DIRECTORY "${CMAKE_BINARY_DIR}/lib")

find_program(HOLDFAST_CCACHE ccache)
if(HOLDFAST_CCACHE AND NOT CMAKE_CXX_COMPILER_LAUNCHER)
  set(CMAKE_CXX_COMPILER_LAUNCHER "${HOLDFAST_CCACHE}")
endif()

# What every target of ours is compiled with; nothing outside the project sees it.
add_library(hf_settings INTERFACE)
# Headers that the build makes are written to include/generated and included as "generated/x.hpp".
target_include_directories(hf_settings INTERFACE
  "${CMAKE_SOURCE_DIR}/src" "${CMAKE_SOURCE_DIR}/include" "${CMAKE_BINARY_DIR}/include")
target_link_libraries(hf_settings INTERFACE fmt::fmt)
target_compile_options(hf_settings INTERFACE
  -Wall -Wextra -Wshadow -Wconversion -Wsign-conversion -Wswitch-enum -Wnon-virtual-dtor
  # Option structs are meant to be named in part: {.when_blocked = WhenBlocked::fail}.
  -Wno-missing-field-initializers)
# Instrumented code makes g++ 12 see overflows that are not there: only plain builds are held to it.
if(HOLDFAST_WARNINGS_ARE_ERRORS AND NOT HOLDFAST_SANITIZE)
  target_compile_options(hf_settings INTERFACE -Werror)
endif()
if(CMAKE_CXX_COMPILER_ID STREQUAL "GNU")
  # g++ 12 sees overlapping copies in std::string's operator+ that are not there (GCC bug 105651).
  target_compile_options(hf_settings INTERFACE -Wno-restrict)
endif()
if(HOLDFAST_SANITIZE)
  target_compile_options(hf_settings INTERFACE
    -fsanitize=${HOLDFAST_SANITIZE} -fno-sanitize-recover=all -fno-omit-frame-pointer
    # Instrumented code confuses the analysis behind this warning; other presets keep it.
    -Wno-maybe-uninitialized)
  target_link_options(hf_settings INTERFACE -fsanitize=${HOLDFAST_SANITIZE})
endif()
if(HOLDFAST_FUZZ)
  if(NOT CMAKE_CXX_COMPILER_ID MATCHES "Clang")
    message(FATAL_ERROR "HOLDFAST_FUZZ needs clang++: use 'cmake --preset fuzz'")
  endif()
  target_compile_options(hf_settings INTERFACE -fsanitize=fuzzer-no-link,address -fno-omit-frame-pointer)
  target_link_options(hf_settings INTERFACE -fsanitize=address)
endif()
if(HOLDFAST_COVERAGE)
  target_compile_options(hf_settings INTERFACE --coverage)
  target_link_options(hf_settings INTERFACE --coverage)
endif()

# holdfast_library(<folder> [SEES <folders...>] [LIBRARIES <libs...>] SOURCES <files...>)
# The library hf_<folder>; an INTERFACE library when SOURCES names no .cpp.
function(holdfast_library folder)
  holdfast_parse(arg "${folder}" "SEES;LIBRARIES;SOURCES" "" ${ARGN})
  set(compiled "${arg_SOURCES}")
  list(FILTER compiled INCLUDE REGEX "\\.cpp$")
  if(NOT compiled)
    add_library(hf_${folder} INTERFACE)
    set(scope INTERFACE)
  else()
    add_library(hf_${folder} STATIC ${arg_SOURCES})
    set(scope PUBLIC)
    if(folder IN_LIST holdfast_pure_folders)
      target_compile_options(hf_${folder} PRIVATE -fno-exceptions)
      target_compile_definitions(hf_${folder} PRIVATE BOOST_NO_EXCEPTIONS)
    endif()
  endif()
  target_link_libraries(hf_${folder} ${scope} hf_settings ${arg_LIBRARIES})
  holdfast_see(hf_${folder} ${scope} ${arg_SEES})
  if(folder IN_LIST holdfast_planted_folders)
    holdfast_planted(${folder} "${arg_SOURCES}" "${arg_SEES}")
  endif()
endfunction()

# The same with mistakes that can be switched on. Whoever links it must not link the other one.
function(holdfast_planted folder sources sees)
  add_library(hf_${folder}_planted STATIC EXCLUDE_FROM_ALL ${sources})
  target_compile_options(hf_${folder}_planted PRIVATE -fno-exceptions)
  target_compile_definitions(hf_${folder}_planted PRIVATE BOOST_NO_EXCEPTIONS PUBLIC HOLDFAST_PLANTED_BUGS)
  target_link_libraries(hf_${folder}_planted PUBLIC hf_settings)
  foreach(seen IN LISTS sees)
    if(seen IN_LIST holdfast_planted_folders)
      target_link_libraries(hf_${folder}_planted PUBLIC hf_${seen}_planted)
    else()
      target_link_libraries(hf_${folder}_planted PUBLIC hf_${seen})
    endif()
  endforeach()
endfunction()

# holdfast_program(<name> SOURCES <files...> [SEES <folders...>] [LIBRARIES <libs...>])
function(holdfast_program name)
  holdfast_parse(arg "${name}" "SEES;LIBRARIES;SOURCES" "" ${ARGN})
  add_executable(${name} ${arg_SOURCES})
  target_link_libraries(${name} PRIVATE hf_settings ${arg_LIBRARIES})
  holdfast_see(${name} PRIVATE ${arg_SEES})
endfunction()

# holdfast_shared(<name> VERSION <x.y> [SYMBOLS <file>] HEADERS <files...> SOURCES <files...> [SEES <folders...>]
#                 [LIBRARIES <libs...>])
# A shared library for programs of others, lib/<name>.so.<x>. It exports what SYMBOLS (<name>.symbols) lists, without
# versions, and nothing else. Sources that define exported names are compiled with default visibility.
function(holdfast_shared name)
  holdfast_parse(arg "${name}" "SEES;LIBRARIES;SOURCES;HEADERS" "VERSION;SYMBOLS" ${ARGN})
  if(NOT arg_SYMBOLS)
    set(arg_SYMBOLS "${name}.symbols")
  endif()
  set(script "${CMAKE_CURRENT_SOURCE_DIR}/${arg_SYMBOLS}")
  string(REGEX REPLACE "\\..*" "" major "${arg_VERSION}")
  add_library(${name} SHARED ${arg_SOURCES})
  target_link_libraries(${name} PRIVATE hf_settings ${arg_LIBRARIES})
  holdfast_see(${name} PRIVATE ${arg_SEES})
  target_link_options(${name} PRIVATE "-Wl,--version-script=${script}")
  set_target_properties(${name} PROPERTIES LINK_DEPENDS "${script}" PREFIX "" VERSION ${arg_VERSION} SOVERSION ${major}
    LIBRARY_OUTPUT_DIRECTORY "${CMAKE_BINARY_DIR}/lib")
  # What the version script lists has to be visible at all.
  set_source_files_properties(${arg_SOURCES} PROPERTIES COMPILE_OPTIONS -fvisibility=default)
  install(TARGETS ${name} LIBRARY DESTINATION ${CMAKE_INSTALL_LIBDIR})
  list(TRANSFORM arg_HEADERS PREPEND "${CMAKE_SOURCE_DIR}/include/")
  install(FILES ${arg_HEADERS} DESTINATION ${CMAKE_INSTALL_INCLUDEDIR})
endfunction()

# holdfast_pkgconfig(<name> VERSION <x.y.z> DESCRIPTION <text> LIBS <flags>)
# <name>.pc, for pkg-config.
function(holdfast_pkgconfig name)
  holdfast_parse(pc "${name}" "" "VERSION;DESCRIPTION;LIBS" ${ARGN})
  set(pc_NAME ${name})
  # From the file itself, so that it is right wherever all of it is installed.
  file(RELATIVE_PATH pc_UP "/x/${CMAKE_INSTALL_LIBDIR}/pkgconfig" "/x")
  configure_file("${CMAKE_SOURCE_DIR}/cmake/library.pc.in" "${CMAKE_BINARY_DIR}/pkgconfig/${name}.pc" @ONLY)
  install(FILES "${CMAKE_BINARY_DIR}/pkgconfig/${name}.pc" DESTINATION ${CMAKE_INSTALL_LIBDIR}/pkgconfig)
endfunction()

# holdfast_test(<name> SOURCES <files...> [SEES <folders...>] [LABELS <labels...>]
#               [LIBRARIES <libs...>] [TIMEOUT <seconds>])
# One GoogleTest executable, one ctest entry. It runs in the source root, so tests name their data
# as tests/..., and finds our programs in $HOLDFAST_BIN.
function(holdfast_test name)
  holdfast_parse(arg "${name}" "SEES;LIBRARIES;SOURCES;LABELS" "TIMEOUT" ${ARGN})
  add_executable(${name} ${arg_SOURCES})
  set_target_properties(${name} PROPERTIES RUNTIME_OUTPUT_DIRECTORY "${CMAKE_BINARY_DIR}/tests")
  target_link_libraries(${name} PRIVATE hf_settings ${arg_LIBRARIES} GTest::gmock GTest::gtest_main)
  holdfast_see(${name} PRIVATE ${arg_SEES})
  if(NOT arg_LABELS)
    set(arg_LABELS fast)
  endif()
  if(NOT arg_TIMEOUT)
    set(arg_TIMEOUT 120)
  endif()
  if(HOLDFAST_SANITIZE)
    math(EXPR arg_TIMEOUT "${arg_TIMEOUT} * 5")
  endif()
  add_test(NAME ${name} COMMAND ${name} WORKING_DIRECTORY "${CMAKE_SOURCE_DIR}")
  set_tests_properties(${name} PROPERTIES
    LABELS "${arg_LABELS}" TIMEOUT ${arg_TIMEOUT} ENVIRONMENT "HOLDFAST_BIN=${CMAKE_BINARY_DIR}/bin")
endfunction()

# holdfast_fuzz(<name> SOURCES <files...> [SEES <folders...>] [LIBRARIES <libs...>])
# A libFuzzer program in <build>/fuzz; nothing at all outside the fuzz preset.
function(holdfast_fuzz name)
  if(NOT HOLDFAST_FUZZ)
    return()
  endif()
  holdfast_parse(arg "${name}" "SEES;LIBRARIES;SOURCES" "" ${ARGN})
  add_executable(${name} ${arg_SOURCES})
  set_target_properties(${name} PROPERTIES RUNTIME_OUTPUT_DIRECTORY "${CMAKE_BINARY_DIR}/fuzz")
  target_link_libraries(${name} PRIVATE hf_settings ${arg_LIBRARIES})
  target_link_options(${name} PRIVATE -fsanitize=fuzzer)
  holdfast_see(${name} PRIVATE ${arg_SEES})
  set_property(GLOBAL APPEND PROPERTY holdfast_fuzz_targets ${name})
endfunction()

# Reads the arguments of the functions above into <prefix>_<KEYWORD> and refuses unknown words.
macro(holdfast_parse prefix who lists values)
  cmake_parse_arguments(${prefix} "" "${values}" "${lists}" ${ARGN})
  if(${prefix}_UNPARSED_ARGUMENTS)
    message(FATAL_ERROR "${who}: '${${prefix}_UNPARSED_ARGUMENTS}' follows none of: ${lists} ${values}")
  endif()
endmacro()

# Links the libraries of folders. A folder that is not part of this build is a warning, since a
# build can be narrowed with HOLDFAST_PARTS; one that does not exist is a typing error.
function(holdfast_see target scope)
  foreach(folder IN LISTS ARGN)
    if(TARGET hf_${folder})
      target_link_libraries(${target} ${scope} hf_${folder})
    elseif(IS_DIRECTORY "${CMAKE_SOURCE_DIR}/src/${folder}")
      message(WARNING "${target} sees src/${folder}, which is not part of this build")
    else()
      message(FATAL_ERROR "${target} sees '${folder}', but there is no folder src/${folder}")
    endif()
  endforeach()
endfunction()
