# The warnings and the hardening of STYLE; one interface target that every target of ours links.
add_library(occ_flags INTERFACE)
target_compile_definitions(occ_flags INTERFACE _GNU_SOURCE OCC_VERSION="${PROJECT_VERSION}")
target_include_directories(occ_flags INTERFACE ${PROJECT_SOURCE_DIR}/include ${PROJECT_SOURCE_DIR}/src)
set(c_only "$<COMPILE_LANGUAGE:C>")
target_compile_options(occ_flags INTERFACE
  -Wall -Wextra -Wconversion -Wshadow -Wvla -Wcast-qual -Wformat=2 -Wundef
  $<${c_only}:-Wstrict-prototypes> $<${c_only}:-Wmissing-prototypes>
  -fstack-protector-strong -fno-strict-aliasing -fno-omit-frame-pointer
  -ffile-prefix-map=${PROJECT_SOURCE_DIR}/=)
if(OCC_WERROR)
  target_compile_options(occ_flags INTERFACE -Werror)
endif()
if(OCC_SANITIZE)
  target_compile_options(occ_flags INTERFACE -fsanitize=${OCC_SANITIZE} -fno-sanitize-recover=all)
  target_link_options(occ_flags INTERFACE -fsanitize=${OCC_SANITIZE})
  if(OCC_SANITIZE STREQUAL thread)
    target_sources(occ_flags INTERFACE $<$<STREQUAL:$<TARGET_PROPERTY:TYPE>,EXECUTABLE>:${PROJECT_SOURCE_DIR}/tests/support/seen_close.c>)
  endif()
else()
  target_compile_options(occ_flags INTERFACE $<$<CONFIG:Release>:-U_FORTIFY_SOURCE> $<$<CONFIG:Release>:-D_FORTIFY_SOURCE=2>)
endif()
if(OCC_FUZZ)
  target_compile_options(occ_flags INTERFACE -fsanitize=fuzzer-no-link)
endif()
target_link_options(occ_flags INTERFACE -Wl,-z,relro,-z,now -Wl,-z,noexecstack -Wl,--as-needed)
string(REPLACE "-O3" "-O2" CMAKE_C_FLAGS_RELEASE "${CMAKE_C_FLAGS_RELEASE}")
string(REPLACE "-DNDEBUG" "" CMAKE_C_FLAGS_RELEASE "${CMAKE_C_FLAGS_RELEASE}")

# One file that needs nothing beside it, and whose bytes do not tell where it was built.
if(OCC_STATIC)
  set(CMAKE_FIND_LIBRARY_SUFFIXES .a)
  set(CMAKE_C_LINK_OPTIONS_PIE -static-pie)
  set(CMAKE_CXX_LINK_OPTIONS_PIE -static-pie)
  target_link_options(occ_flags INTERFACE -Wl,--build-id=none -Wl,--strip-all)
endif()
