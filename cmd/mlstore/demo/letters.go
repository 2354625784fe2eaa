package demo

import (
	"image"
	"image/color"
	"image/draw"
)

// letter returns the picture of a digit or capital letter, five pixels wide and seven high, a row each; other characters
// are blank.
func letter(r rune) [7]string {
	glyphs := map[rune][7]string{
		'0': {" ### ", "#   #", "#  ##", "# # #", "##  #", "#   #", " ### "},
		'1': {"  #  ", " ##  ", "  #  ", "  #  ", "  #  ", "  #  ", " ### "},
		'2': {" ### ", "#   #", "    #", "   # ", "  #  ", " #   ", "#####"},
		'3': {" ### ", "#   #", "    #", "  ## ", "    #", "#   #", " ### "},
		'4': {"   # ", "  ## ", " # # ", "#  # ", "#####", "   # ", "   # "},
		'5': {"#####", "#    ", "#### ", "    #", "    #", "#   #", " ### "},
		'6': {" ### ", "#    ", "#    ", "#### ", "#   #", "#   #", " ### "},
		'7': {"#####", "    #", "   # ", "  #  ", "  #  ", "  #  ", "  #  "},
		'8': {" ### ", "#   #", "#   #", " ### ", "#   #", "#   #", " ### "},
		'9': {" ### ", "#   #", "#   #", " ####", "    #", "    #", " ### "},
		'A': {" ### ", "#   #", "#   #", "#####", "#   #", "#   #", "#   #"},
		'C': {" ### ", "#   #", "#    ", "#    ", "#    ", "#   #", " ### "},
		'D': {"#### ", "#   #", "#   #", "#   #", "#   #", "#   #", "#### "},
		'E': {"#####", "#    ", "#    ", "#### ", "#    ", "#    ", "#####"},
		'G': {" ### ", "#   #", "#    ", "# ###", "#   #", "#   #", " ### "},
		'I': {" ### ", "  #  ", "  #  ", "  #  ", "  #  ", "  #  ", " ### "},
		'L': {"#    ", "#    ", "#    ", "#    ", "#    ", "#    ", "#####"},
		'N': {"#   #", "##  #", "# # #", "#  ##", "#   #", "#   #", "#   #"},
		'O': {" ### ", "#   #", "#   #", "#   #", "#   #", "#   #", " ### "},
		'P': {"#### ", "#   #", "#   #", "#### ", "#    ", "#    ", "#    "},
		'R': {"#### ", "#   #", "#   #", "#### ", "# #  ", "#  # ", "#   #"},
		'S': {" ####", "#    ", "#    ", " ### ", "    #", "    #", "#### "},
		'T': {"#####", "  #  ", "  #  ", "  #  ", "  #  ", "  #  ", "  #  "},
		'U': {"#   #", "#   #", "#   #", "#   #", "#   #", "#   #", " ### "},
		'V': {"#   #", "#   #", "#   #", "#   #", "#   #", " # # ", "  #  "},
	}
	return glyphs[r]
}

// width is that of a text in pixels, at a scale.
func width(text string, scale int) int { return len(text)*6*scale - scale }

// write draws text with its upper left corner at the point, each pixel of a letter scale pixels wide.
func write(img draw.Image, at image.Point, text string, scale int, ink color.Color) {
	for i, r := range text {
		for y, row := range letter(r) {
			for x, pixel := range row {
				if pixel != '#' {
					continue
				}
				dot := image.Rect(0, 0, scale, scale).Add(at).Add(image.Pt((i*6+x)*scale, y*scale))
				draw.Draw(img, dot, image.NewUniform(ink), image.Point{}, draw.Src)
			}
		}
	}
}
