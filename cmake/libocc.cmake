# libocc: the verifier as a C library, shared (with an export list) and static, from the modules it consists of, without the
# part that signs.
set(libocc_modules base codec crypto proof evidence verify)
set(libocc_objects "")
foreach(module ${libocc_modules})
  list(APPEND libocc_objects "$<FILTER:$<TARGET_OBJECTS:occ_${module}>,EXCLUDE,/crypto/p256>")
endforeach()
set(libocc_dependencies occ_dep_jansson occ_dep_double_conversion occ_dep_sodium occ_dep_crypto occ_dep_ed25519 m)
set(libocc_map ${CMAKE_SOURCE_DIR}/src/verify/libocc.map)

add_library(libocc_shared SHARED ${libocc_objects})
add_library(libocc_static STATIC ${libocc_objects})
foreach(kind shared static)
  set_target_properties(libocc_${kind} PROPERTIES OUTPUT_NAME occ LINKER_LANGUAGE C)
endforeach()
set_target_properties(libocc_shared PROPERTIES VERSION ${PROJECT_VERSION} SOVERSION ${PROJECT_VERSION_MAJOR}
  LINK_DEPENDS ${libocc_map})
target_link_libraries(libocc_shared PRIVATE occ_flags ${libocc_dependencies})
target_link_options(libocc_shared PRIVATE -Wl,--version-script=${libocc_map})
if(NOT OCC_SANITIZE AND NOT OCC_FUZZ) # clang's sanitizers are defined by the program alone
  target_link_options(libocc_shared PRIVATE -Wl,--no-undefined)
endif()
# From its own place, so that it is right wherever cmake --install --prefix puts it.
file(RELATIVE_PATH occ_pc_to_prefix ${CMAKE_INSTALL_FULL_LIBDIR}/pkgconfig ${CMAKE_INSTALL_PREFIX})
configure_file(${CMAKE_SOURCE_DIR}/cmake/occ.pc.in ${CMAKE_BINARY_DIR}/occ.pc @ONLY)

# The example, linked as a user of the library would: public headers only. With it, what the library exports is checked.
if(OCC_TESTS)
  add_executable(example_verify ${CMAKE_SOURCE_DIR}/examples/verify.c)
  target_include_directories(example_verify PRIVATE ${CMAKE_SOURCE_DIR}/include)
  target_compile_options(example_verify PRIVATE -Wall -Wextra)
  if(OCC_SANITIZE)
    target_link_options(example_verify PRIVATE -fsanitize=${OCC_SANITIZE})
  endif()
  target_link_libraries(example_verify PRIVATE libocc_shared)
  set_target_properties(example_verify PROPERTIES RUNTIME_OUTPUT_DIRECTORY ${CMAKE_BINARY_DIR}/examples)
  add_test(NAME tools.check_exports COMMAND ${CMAKE_SOURCE_DIR}/tools/check-exports $<TARGET_FILE:libocc_shared>)
  set_tests_properties(tools.check_exports PROPERTIES LABELS tools)
endif()
