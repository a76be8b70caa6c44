# Writes the bytes of the file INPUT as a C++ source OUTPUT that defines
#   extern const unsigned char NAME[];
#   extern const unsigned long NAMESize;
file(READ ${INPUT} bytes HEX)
string(REGEX REPLACE "(................................)" "\\1\n" bytes "${bytes}")
string(REGEX REPLACE "([0-9a-f][0-9a-f])" "0x\\1," bytes "${bytes}")
file(WRITE ${OUTPUT} "extern const unsigned char ${NAME}[];
extern const unsigned long ${NAME}Size;
const unsigned char ${NAME}[] = {
${bytes}};
const unsigned long ${NAME}Size = sizeof(${NAME});
")
