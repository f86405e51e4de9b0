// Asio's own code, compiled once (BOOST_ASIO_SEPARATE_COMPILATION, cmake/libraries.cmake).
#include <boost/asio/impl/src.hpp>
