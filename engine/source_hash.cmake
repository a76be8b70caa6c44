# cmake -DOUT=FILE -DFOLDER=engine -P source_hash.cmake: writes a source file
# with a number that changes with the engine's sources.
file(GLOB sources ${FOLDER}/*.h ${FOLDER}/*.cc)
list(SORT sources)
set(all "")
foreach(source ${sources})
  file(SHA256 ${source} hash)
  string(APPEND all ${hash})
endforeach()
string(SHA256 hash "${all}")
string(SUBSTRING ${hash} 0 16 hash)
set(text "// Made by engine/source_hash.cmake.
#include \"engine/fingerprint.h\"
uint64_t stagecraft::engine::SourceHash() { return 0x${hash}; }
")
set(old "")
if(EXISTS ${OUT})
  file(READ ${OUT} old)
endif()
if(NOT old STREQUAL text)
  file(WRITE ${OUT} "${text}")
endif()
