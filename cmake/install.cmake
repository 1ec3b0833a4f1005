# Two components: "libocc" is all that a user of the library needs, "programs" is the rest.
#   cmake --install build/release --component libocc --prefix /usr
set(libocc_cmake_dir ${CMAKE_INSTALL_LIBDIR}/cmake/occ)
install(TARGETS libocc_shared libocc_static EXPORT occ-targets
  LIBRARY DESTINATION ${CMAKE_INSTALL_LIBDIR} COMPONENT libocc
  ARCHIVE DESTINATION ${CMAKE_INSTALL_LIBDIR} COMPONENT libocc
  INCLUDES DESTINATION ${CMAKE_INSTALL_INCLUDEDIR})
install(DIRECTORY include/occ DESTINATION ${CMAKE_INSTALL_INCLUDEDIR} COMPONENT libocc FILES_MATCHING PATTERN "*.h")
install(DIRECTORY docs/man/ DESTINATION ${CMAKE_INSTALL_MANDIR}/man3 COMPONENT libocc FILES_MATCHING PATTERN "*.3")

# pkg-config: paths from its own place, so that they are right wherever cmake --install --prefix puts it.
file(RELATIVE_PATH occ_pc_to_prefix ${CMAKE_INSTALL_FULL_LIBDIR}/pkgconfig ${CMAKE_INSTALL_PREFIX})
file(RELATIVE_PATH occ_pc_to_include ${CMAKE_INSTALL_FULL_LIBDIR}/pkgconfig ${CMAKE_INSTALL_FULL_INCLUDEDIR})
configure_file(cmake/occ.pc.in ${PROJECT_BINARY_DIR}/occ.pc @ONLY)
install(FILES ${PROJECT_BINARY_DIR}/occ.pc DESTINATION ${CMAKE_INSTALL_LIBDIR}/pkgconfig COMPONENT libocc)

# CMake: find_package(occ CONFIG). The same holds for it.
install(EXPORT occ-targets NAMESPACE occ:: DESTINATION ${libocc_cmake_dir} COMPONENT libocc)
configure_package_config_file(cmake/occ-config.cmake.in ${PROJECT_BINARY_DIR}/occ-config.cmake
  INSTALL_DESTINATION ${libocc_cmake_dir} NO_SET_AND_CHECK_MACRO)
write_basic_package_version_file(${PROJECT_BINARY_DIR}/occ-config-version.cmake COMPATIBILITY SameMajorVersion)
install(FILES ${PROJECT_BINARY_DIR}/occ-config.cmake ${PROJECT_BINARY_DIR}/occ-config-version.cmake
  DESTINATION ${libocc_cmake_dir} COMPONENT libocc)

if(OCC_PROGRAMS)
  # occd starts its own occ-enclave: it is looked for beside occd.
  install(TARGETS occ occd occ-enclave RUNTIME DESTINATION ${CMAKE_INSTALL_BINDIR} COMPONENT programs)
  install(DIRECTORY docs/man/ DESTINATION ${CMAKE_INSTALL_MANDIR}/man1 COMPONENT programs FILES_MATCHING PATTERN "*.1")
  install(DIRECTORY docs/man/ DESTINATION ${CMAKE_INSTALL_MANDIR}/man8 COMPONENT programs FILES_MATCHING PATTERN "*.8")
endif()
