# helio_room(NAME [NEEDS room...] [LIBRARIES target...])
#
# The library helio_NAME of every .cpp below src/NAME and, where there are any, the program NAME_test of its
# *_test.cpp files. A file that is added is built; nothing is listed twice. Rooms may NEED what layers.txt allows.
function(helio_room NAME)
  cmake_parse_arguments(ROOM "" "" "NEEDS;LIBRARIES;SOURCES;TEST_NEEDS" ${ARGN})
  file(GLOB_RECURSE sources CONFIGURE_DEPENDS ${CMAKE_CURRENT_SOURCE_DIR}/*.cpp)
  set(tests ${sources})
  list(FILTER sources EXCLUDE REGEX "_test\\.cpp$|/main\\.cpp$")
  list(FILTER tests INCLUDE REGEX "_test\\.cpp$")

  add_library(helio_${NAME} STATIC ${sources} ${ROOM_SOURCES})
  target_include_directories(helio_${NAME} PUBLIC ${CMAKE_SOURCE_DIR}/src)
  list(TRANSFORM ROOM_NEEDS PREPEND helio_)
  target_link_libraries(helio_${NAME} PUBLIC ${ROOM_NEEDS} ${ROOM_LIBRARIES})
  if(NOT NAME STREQUAL "base")
    target_precompile_headers(helio_${NAME} REUSE_FROM helio_base)
  endif()

  if(tests AND NOT HELIO_FUZZ)
    add_executable(${NAME}_test ${tests})
    list(TRANSFORM ROOM_TEST_NEEDS PREPEND helio_)
    target_link_libraries(${NAME}_test PRIVATE helio_${NAME} ${ROOM_TEST_NEEDS} GTest::gtest GTest::gmock GTest::gtest_main)
    target_precompile_headers(${NAME}_test REUSE_FROM helio_base)
    add_test(NAME ${NAME} COMMAND ${NAME}_test)
  endif()
endfunction()
