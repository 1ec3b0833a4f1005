# libocc: the verifier as a C library, shared (with an export list) and static, from the modules it consists of.
set(libocc_modules base codec crypto proof verify)
set(libocc_objects "")
foreach(module ${libocc_modules})
  list(APPEND libocc_objects $<TARGET_OBJECTS:occ_${module}>)
endforeach()
set(libocc_dependencies occ_dep_jansson occ_dep_double_conversion occ_dep_sodium occ_dep_crypto)
set(libocc_map ${CMAKE_SOURCE_DIR}/src/verify/libocc.map)

add_library(libocc_shared SHARED ${libocc_objects})
add_library(libocc_static STATIC ${libocc_objects})
foreach(kind shared static)
  set_target_properties(libocc_${kind} PROPERTIES OUTPUT_NAME occ LINKER_LANGUAGE C)
endforeach()
set_target_properties(libocc_shared PROPERTIES VERSION ${PROJECT_VERSION} SOVERSION ${PROJECT_VERSION_MAJOR}
  LINK_DEPENDS ${libocc_map})
target_link_libraries(libocc_shared PRIVATE occ_flags ${libocc_dependencies})
target_link_options(libocc_shared PRIVATE -Wl,--version-script=${libocc_map} -Wl,--no-undefined)
configure_file(${CMAKE_SOURCE_DIR}/cmake/occ.pc.in ${CMAKE_BINARY_DIR}/occ.pc @ONLY)
