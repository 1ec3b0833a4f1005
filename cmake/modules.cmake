# occ_module(NAME USES modules… LIBS dependencies…): src/NAME/*.c as target occ_NAME. main.c of a program is left out.
# The files of OCC_LEFT_OUT (a regular expression of paths in src, without ".c") are no part of this build.
# Dependencies are private: only the module that a dependency belongs to sees its headers.
function(occ_module name)
  cmake_parse_arguments(arg "" "" "USES;LIBS" ${ARGN})
  file(GLOB sources CONFIGURE_DEPENDS ${PROJECT_SOURCE_DIR}/src/${name}/*.c ${PROJECT_SOURCE_DIR}/src/${name}/*.cc)
  list(FILTER sources EXCLUDE REGEX "/main\\.c$")
  list(FILTER sources EXCLUDE REGEX "/(${OCC_LEFT_OUT})\\.c$")
  add_library(occ_${name} STATIC ${sources})
  target_link_libraries(occ_${name} PRIVATE occ_flags ${arg_LIBS})
  foreach(used ${arg_USES})
    target_link_libraries(occ_${name} PRIVATE occ_${used})
  endforeach()
endfunction()

# occ_program(NAME MODULE module): src/module/main.c and the module.
function(occ_program name)
  cmake_parse_arguments(arg "" "MODULE" "" ${ARGN})
  add_executable(${name} ${PROJECT_SOURCE_DIR}/src/${arg_MODULE}/main.c)
  set_target_properties(${name} PROPERTIES POSITION_INDEPENDENT_CODE ON)
  get_target_property(uses occ_${arg_MODULE} LINK_LIBRARIES)
  target_link_libraries(${name} PRIVATE occ_flags occ_${arg_MODULE} ${uses})
endfunction()
