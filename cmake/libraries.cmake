# Libraries from Debian 12, linked dynamically; one job, one library.
find_package(Threads REQUIRED)
find_package(OpenSSL 3.0 REQUIRED)
find_package(Boost 1.81 REQUIRED)
find_package(fmt 9 REQUIRED)
find_package(spdlog REQUIRED)
find_package(GTest REQUIRED)
find_package(benchmark REQUIRED)
find_package(RocksDB REQUIRED)
find_package(CLI11 REQUIRED)
find_package(PkgConfig REQUIRED)
pkg_check_modules(TOMLPLUSPLUS REQUIRED IMPORTED_TARGET tomlplusplus)

find_library(DEFLATE_LIBRARY deflate REQUIRED)
# Sanitizers bring an allocator of their own.
if(NOT (HELIO_ASAN OR HELIO_TSAN OR HELIO_FUZZ))
  find_library(JEMALLOC_LIBRARY jemalloc REQUIRED)
endif()

# Asio compiled once (src/base/asio.cpp) instead of in every file that includes it.
add_compile_definitions(BOOST_ASIO_SEPARATE_COMPILATION BOOST_ASIO_NO_DEPRECATED BOOST_ALL_NO_LIB)
